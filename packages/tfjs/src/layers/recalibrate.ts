import {
  type BatchNormState,
  type Moments,
  type PopulationStatistics,
  populationStatistics,
  refuse,
  withPopulation,
} from "@batchnorm/core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { type Batches, requireBatches, walk } from "./dataset.ts";
import {
  checkLayerState,
  loadLayerState,
  normLayersOf,
  readLayerState,
  settingsOf,
  tracks,
} from "./norm-layers.ts";
import { observe } from "./observe.ts";
import type { StockLayer } from "./stock.ts";

/** How running statistics are taken anew. */
export interface RecalibrateOptions {
  /**
   * `"exact"`: the moments of the whole set, as the layer's `varianceEstimator` has it. `"algorithm-2"`:
   * the paper's mean over batches, with an unbiased variance. Default exact.
   */
  readonly rule?: "exact" | "algorithm-2" | undefined;
  /** How many batches are used, an integer ≥ 1. Default all. */
  readonly batches?: number | undefined;
  /**
   * Called after every batch, and waited for: `await tf.nextFrame()` in it lets a page draw. What it
   * throws ends the recalibration.
   */
  readonly onProgress?: ((progress: RecalibrateProgress) => unknown) | undefined;
  /** An AbortSignal, which ends the recalibration before its next batch. */
  readonly signal?: { readonly aborted: boolean } | undefined;
}

/** How far a recalibration has come. */
export interface RecalibrateProgress {
  /** The layer that is measured, by name. */
  readonly layer: string;
  /** Which one of them, from 1. */
  readonly place: number;
  readonly layers: number;
  /** Batches seen in this walk, from 1. */
  readonly batch: number;
}

/**
 * Replaces the running statistics of every Batch Normalization layer, ours and tfjs-layers's own, frozen
 * ones too, by those of a data set: from the first layer to the last, since what a later one sees depends
 * on those before it, with one walk through the data for each. Layers without running statistics stay.
 *
 * All layers change at once, at the end: until then the model predicts as before.
 *
 * @param dataset - Batches of inputs, prepared as in training; two values per channel or more in all.
 * @returns true at the end; false where the signal came before it, with all layers as before.
 * @throws {BatchNormError} `ERR_BATCHNORM_TOO_FEW_VALUES`; `ERR_BATCHNORM_NON_FINITE` where a layer's input
 * is not finite; `ERR_BATCHNORM_STATE` where the rule's variance is not the one that a layer keeps;
 * `ERR_BATCHNORM_SHAPE` for a batch that is none; `ERR_BATCHNORM_OPTION`, also for a data set that can be
 * walked only once; `ERR_BATCHNORM_UNSUPPORTED` for what is no LayersModel. All layers are then as before.
 * @see Ioffe & Szegedy 2015, Algorithm 2; core's `populationStatistics` and `withPopulation`
 */
export async function recalibrate(
  model: LayersModel,
  dataset: Batches,
  options: RecalibrateOptions = {},
): Promise<boolean> {
  const { rule = "exact", batches, onProgress, signal } = options;
  if (rule !== "exact" && rule !== "algorithm-2") {
    refuse("ERR_BATCHNORM_OPTION", "rule must be exact or algorithm-2", rule);
  }
  if (batches !== undefined && !(Number.isSafeInteger(batches) && batches >= 1)) {
    refuse("ERR_BATCHNORM_OPTION", "batches must be an integer ≥ 1", batches);
  }
  requireBatches(dataset, batches);
  const layers = normLayersOf(model).filter(tracks);
  const found = new Map<StockLayer, BatchNormState>();
  const by = new Map<StockLayer, PopulationStatistics>();
  for (const [i, layer] of layers.entries()) {
    const measured: Moments[] = [];
    for await (const inputs of walk(dataset, model, batches)) {
      if (signal?.aborted) return false;
      measured.push((await observe(model, inputs, [layer], by)).get(layer) as Moments);
      const progress = { layer: layer.name, place: i + 1, layers: layers.length };
      await onProgress?.({ ...progress, batch: measured.length });
    }
    if (signal?.aborted) return false;
    const state = await readLayerState(layer);
    const population = populationStatistics(
      measured,
      rule === "exact" ? state.varianceEstimator : rule,
    );
    found.set(layer, checkLayerState(layer, withPopulation(state, population)));
    if (settingsOf(layer).byRunning) by.set(layer, population);
  }
  for (const [layer, state] of found) loadLayerState(layer, state);
  return true;
}
