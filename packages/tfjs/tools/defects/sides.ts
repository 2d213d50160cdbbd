import { batchNormalization, normalizeByStatistics, replaceStock } from "@batchnorm/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

/** What is compared: the stock layer and functions, or ours. */
export interface Side {
  readonly name: "stock" | "ours";
  /** A Batch Normalization layer, of arguments in either's names. */
  layer(args: object): tfl.layers.Layer;
  /** Loads a model from what a file holds. */
  load(file: tf.io.ModelArtifacts): Promise<tfl.LayersModel>;
  /** Normalizes by fixed statistics, without scale and offset. */
  normalize(x: tf.Tensor2D, mean: tf.Tensor1D, variance: tf.Tensor1D): tf.Tensor;
}

const load = (file: tf.io.ModelArtifacts): Promise<tfl.LayersModel> =>
  tfl.loadLayersModel(tf.io.fromMemory(file));

export const stock: Side = {
  name: "stock",
  layer: (args) => tfl.layers.batchNormalization(args),
  load,
  normalize: (x, mean, variance) => tf.batchNorm(x, mean, variance),
};

export const ours: Side = {
  name: "ours",
  layer: batchNormalization,
  async load(file) {
    const restore = replaceStock();
    try {
      return await load(file);
    } finally {
      restore();
    }
  },
  normalize: (x, mean, variance) =>
    normalizeByStatistics(
      x,
      { gamma: null, beta: null },
      { axis: -1, epsilon: 1e-3 },
      { mean, variance },
    ),
};
