import { type BatchNormOptions, BatchNorm as Reference } from "@batchnorm/core";
import * as tf from "@tensorflow/tfjs-core";
import type { layers } from "@tensorflow/tfjs-layers";

const referenceOf = (x: tf.Tensor, options: BatchNormOptions): Reference =>
  new Reference(x.shape.at(options.axis ?? -1) as number, {
    epsilon: 1e-3,
    start: "zero-one",
    varianceEstimator: "biased",
    ...options,
  });

/** What core's reference gives for a training batch, as the first of a layer. */
export function trained(x: tf.Tensor, options: BatchNormOptions = {}): ArrayLike<number> {
  // In float64, so that it is the exact one of float32 data.
  const values = Float64Array.from(x.dataSync());
  return referenceOf(x, options).forward(values, x.shape, { training: true });
}

/** What core's reference gives as the gradient of such a batch. */
export function trainedGradient(
  dy: tf.Tensor,
  x: tf.Tensor,
  options: BatchNormOptions,
): ArrayLike<number> {
  const layer = referenceOf(x, options);
  layer.forward(Float64Array.from(x.dataSync()), x.shape, { training: true });
  return layer.backward(Float64Array.from(dy.dataSync())).dx;
}

/** The largest |a − b|; infinite where one is no number. */
export function apart(a: tf.Tensor, b: ArrayLike<number>): number {
  return Array.from(a.dataSync()).reduce((most, value, i) => {
    const error = Math.abs(value - (b[i] as number));
    return Number.isNaN(error) ? Infinity : Math.max(most, error);
  }, 0);
}

/** A layer's y for a batch that it trains on. */
export const train = (layer: layers.Layer, x: tf.Tensor): tf.Tensor =>
  layer.apply(x, { training: true }) as tf.Tensor;

/** A weight of a layer by the end of its name. */
export function weightOf(layer: layers.Layer, name: string): number[] {
  const found = layer.weights.find(({ originalName }) => originalName?.endsWith(`/${name}`));
  return Array.from(found?.read().dataSync() ?? []);
}

/** Normal deviates, the same on every run. */
export const normal = (shape: number[], mean = 0, deviation = 1, seed = 20261121): tf.Tensor =>
  tf.randomNormal(shape, mean, deviation, "float32", seed);
