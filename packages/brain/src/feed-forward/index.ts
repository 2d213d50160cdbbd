import { refuse } from "@batchnorm/core";
import type { BrainNamespace, LayerBefore } from "./brain-namespace.ts";
import {
  type BatchNormLayer,
  type FeedForwardLayerOptions,
  type LayerJSON,
  layerClass,
} from "./layer.ts";
import { networkClass } from "./network.ts";

/** What FeedForward of brain.js 2 needs for Batch Normalization. */
export interface BatchNormLayers<Brain extends BrainNamespace> {
  /**
   * A layer of Batch Normalization, beside brain.js's own layer functions: each row of its input is a
   * feature, each column a sample.
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_TOO_FEW_VALUES` for a width of 1; `ERR_BATCHNORM_UNSUPPORTED`
   * for a depth; `ERR_BATCHNORM_OPTION`.
   */
  batchNorm(
    inputLayer: LayerBefore,
    options?: FeedForwardLayerOptions,
  ): InstanceType<Brain["layerTypes"]["Model"]> & BatchNormLayer;
  /** FeedForward that deals samples out to batches as wide as its layers, and reads their JSON. */
  readonly BatchFeedForward: Brain["FeedForward"];
}

/**
 * Batch Normalization for FeedForward of brain.js 2.
 *
 * @param brain - brain.js itself: what is made of it works with that copy alone.
 * @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` for a brain.js without FeedForward, as 1.6.1 is.
 *
 * @example
 * const { batchNorm, BatchFeedForward } = batchNormLayers(brain);
 */
export function batchNormLayers<Brain extends BrainNamespace>(
  brain: Brain,
): BatchNormLayers<Brain> {
  const { FeedForward, layerTypes } = brain ?? {};
  if (typeof FeedForward !== "function" || typeof layerTypes?.Model !== "function") {
    const rule = "batchNormLayers must be given brain.js 2, which has FeedForward";
    refuse("ERR_BATCHNORM_UNSUPPORTED", rule, brain);
  }
  const Layer = layerClass(layerTypes.Model);
  const isOurs = (layer: unknown): layer is BatchNormLayer => layer instanceof Layer;
  const BatchFeedForward = networkClass(FeedForward, isOurs, (json, input) => {
    const { options, praxisOpts } = json as LayerJSON;
    return new Layer(input as LayerBefore, { ...options, praxisOpts }, json as LayerJSON);
  });
  return {
    batchNorm: (inputLayer, options) => new Layer(inputLayer, options) as never,
    BatchFeedForward: BatchFeedForward as Brain["FeedForward"],
  };
}

export type { BrainNamespace, FeedForwardClass, LayerBefore } from "./brain-namespace.ts";
export type { BatchNormLayer, FeedForwardLayerOptions } from "./layer.ts";
export type { PraxisOptions } from "./praxis.ts";
