import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { pixelsPerSample, type Samples } from "./digits.ts";
import { shuffled } from "./shuffle.ts";

export const classes = 10;

/** Pixels, and digits as one of ten. */
export function tensorsOf({ pixels, labels }: Samples): [tf.Tensor2D, tf.Tensor2D] {
  const x = tf.tensor2d(pixels, [labels.length, pixelsPerSample]);
  const y = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, "int32"), classes), "float32"));
  return [x, y as tf.Tensor2D];
}

/** Batches without end, in another order in every pass. */
export function* batchesOf(
  samples: number,
  batchSize: number,
  seed: number,
): Generator<number[], never> {
  for (let pass = 0; ; pass++) {
    const order = shuffled(samples, `pass ${pass} of ${seed}`);
    for (let start = 0; start < samples; start += batchSize) {
      yield order.slice(start, start + batchSize);
    }
  }
}

/** The share of samples whose digit a model tells, in [0, 1]. */
export function accuracy(model: LayersModel, x: tf.Tensor2D, y: tf.Tensor2D): number {
  return tf.tidy(() => {
    const predicted = tf.argMax(model.predict(x) as tf.Tensor2D, 1);
    return tf
      .mean(tf.cast(tf.equal(predicted, tf.argMax(y, 1)), "float32"))
      .dataSync()[0] as number;
  });
}
