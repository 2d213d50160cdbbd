import type { FloatArray } from "@batchnorm/core";

/**
 * What a batch is said to cost, summed over its samples, where that is not the loss: training makes the
 * network's own loss small all the same.
 *
 * @param outputs - Of the batch before its step, [samples, outputs]; valid during the call alone.
 * @param samples - Which they are, by their places in the data; likewise.
 * @returns a finite number.
 */
export type CostFunction = (outputs: FloatArray, samples: Uint32Array) => number;

/** A {@link CostFunction}, or one that the network computes without copying its outputs: `½ Σ (a − t)²`. */
export type Cost = CostFunction | "squared-error";
