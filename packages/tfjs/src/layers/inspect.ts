import { type DiagnosisLimits, diagnose, type Finding } from "@batchnorm/core/diagnosis";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { normLayersOf, readLayerState } from "./norm-layers.ts";
import { observe } from "./observe.ts";

/** One thing that is wrong with one layer. */
export interface LayerFinding extends Finding {
  /** Which Batch Normalization layer of the model, from 1, in the order in which data pass them. */
  readonly place: number;
}

/**
 * What is wrong with the Batch Normalization of a model, ours and tfjs-layers's own, layer by layer: dead or
 * exploding gamma, statistics that are not warmed up, and with a batch, constant channels, too few values
 * and how far training and inference lie apart. The model stays as it is.
 *
 * tfjs-layers's own layer does not count its updates: few are seen only where there were none.
 *
 * @param batch - The model's inputs, prepared as in training; without them the states alone are judged.
 * @param limits - Where another line is to be drawn than core's `defaultLimits` does.
 * @returns one finding per problem and layer, with the channels, the number and what to do; `[]` for a
 * healthy model.
 * @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for limits; `ERR_BATCHNORM_UNSUPPORTED` for what is no
 * LayersModel. TensorFlow.js throws for a batch that does not fit.
 * @see core's `diagnose`
 */
export async function inspectBatchNorm(
  model: LayersModel,
  batch: Tensor | Tensor[] | null = null,
  limits: Partial<DiagnosisLimits> = {},
): Promise<LayerFinding[]> {
  const layers = normLayersOf(model);
  const [states, moments] = await Promise.all([
    Promise.all(layers.map(readLayerState)),
    batch && observe(model, batch, layers),
  ]);
  return states.flatMap((state, i) => {
    const seen = moments?.get(layers[i] as (typeof layers)[number]);
    return diagnose(state, seen, limits).map((finding) => ({ place: i + 1, ...finding }));
  });
}
