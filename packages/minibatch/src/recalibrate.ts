import { populationStatistics, refuse, withPopulation } from "@batchnorm/core";
import { checkSamples, type Samples } from "./check-data.ts";
import { measureBatches, normalizedLayers } from "./data-batches.ts";
import type { Network } from "./network.ts";

/** How running statistics are taken anew. */
export interface RecalibrateOptions {
  /**
   * `"exact"`: the moments of the whole set, as the layer's `varianceEstimator` has it. `"algorithm-2"`:
   * the paper's mean over batches, with an unbiased variance. Default exact.
   */
  readonly rule?: "exact" | "algorithm-2" | undefined;
  /** Samples of a batch, an integer ≥ 1. Default the network's own. */
  readonly batchSize?: number | undefined;
}

/**
 * Replaces the running statistics of every layer by those of a data set, from the first layer to the
 * last, since what a later one sees depends on those before it.
 *
 * @param inputs - [samples, inputs]; two samples or more.
 * @throws {BatchNormError} for the inputs as `checkSamples`; `ERR_BATCHNORM_TOO_FEW_VALUES` for one sample;
 * `ERR_BATCHNORM_STATE` where the rule's variance is not the one that a layer keeps;
 * `ERR_BATCHNORM_NON_FINITE` where a layer's input is not finite; `ERR_BATCHNORM_OPTION`. All layers
 * are then as they were.
 * @see Ioffe & Szegedy 2015, Algorithm 2; core's `populationStatistics` and `withPopulation`
 */
export function recalibrate(
  network: Network,
  inputs: Samples,
  { rule = "exact", batchSize = network.batchSize }: RecalibrateOptions = {},
): void {
  if (rule !== "exact" && rule !== "algorithm-2") {
    refuse("ERR_BATCHNORM_OPTION", "rule must be exact or algorithm-2", rule);
  }
  const data = checkSamples("inputs", inputs, network.inputs, network.type);
  const layers = normalizedLayers(network);
  const before = layers.map((layer) => network.batchNormState(layer));
  try {
    for (const layer of layers) {
      const state = network.batchNormState(layer);
      const by = rule === "exact" ? state.varianceEstimator : rule;
      const population = populationStatistics(measureBatches(network, data, layer, batchSize), by);
      network.loadBatchNormState(layer, withPopulation(state, population));
    }
  } catch (error) {
    layers.forEach((layer, i) => {
      network.loadBatchNormState(layer, before[i]);
    });
    throw error;
  }
}
