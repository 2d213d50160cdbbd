import { type DiagnosisLimits, diagnose, type Finding } from "@batchnorm/core/diagnosis";
import { checkSamples, type Samples } from "./check-data.ts";
import { normalizedLayers } from "./data-batches.ts";
import type { Network } from "./network.ts";

/** One thing that is wrong with one layer. */
export interface LayerFinding extends Finding {
  /** Which layer of the graph, from 1. */
  readonly place: number;
}

/**
 * What is wrong with the Batch Normalization of a network, layer by layer: dead or exploding gamma,
 * statistics that are not warmed up, and with data, constant features and how far training and
 * inference lie apart.
 *
 * @param inputs - [samples, inputs], prepared as in training; without them the states alone are judged.
 * @param limits - Where another line is to be drawn than core's `defaultLimits` does.
 * @returns one finding per problem and layer, with the channels, the number and what to do; `[]` for a
 * healthy network.
 * @throws {BatchNormError} for the inputs as `checkSamples`; `ERR_BATCHNORM_OPTION` for limits.
 * @see core's `diagnose`
 */
export function inspectBatchNorm(
  network: Network,
  inputs: Samples | null = null,
  limits: Partial<DiagnosisLimits> = {},
): LayerFinding[] {
  const data = inputs && checkSamples("inputs", inputs, network.inputs, network.type);
  return normalizedLayers(network).flatMap((place) => {
    const state = network.batchNormState(place);
    const moments = data && network.measure(data.values, data.count, place);
    return diagnose(state, moments, limits).map((finding) => ({ place, ...finding }));
  });
}
