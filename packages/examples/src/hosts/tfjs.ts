import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import type { BatchNormState } from "@batchnorm/core";
import {
  type BatchNormLayerArguments,
  batchNormalization,
  batchNormStates,
  loadBatchNormStates,
} from "@batchnorm/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { layers, metrics, type Sequential, sequential } from "@tensorflow/tfjs-layers";
import { batchNorm, type Carried, type Dense } from "../network.ts";
import { classes, pixelsOf, type Samples } from "../samples.ts";
import type { Host, Learner, Start } from "./host.ts";

/** A model of TensorFlow.js's, which studies look into. */
export interface Modelled extends Learner {
  readonly model: Sequential;
}

export const tfjs: Host = {
  name: "tfjs",
  title: "TensorFlow.js",
  rates: { without: 0.5, with: 0.5 },
  stockStep: null,
  without: (start) => learner(start, null),
  with: (start) => learner(start),
};

/** Has TensorFlow.js compute in WebAssembly. */
export async function useWasm(): Promise<void> {
  const { resolve } = createRequire(import.meta.url);
  setWasmPaths(dirname(resolve("@tensorflow/tfjs-backend-wasm")) + sep);
  await tf.setBackend("wasm");
}

/** @param options - Of Batch Normalization; null for none. */
export function learner(
  { layers, batchSize, rate }: Start,
  options: BatchNormLayerArguments | null = batchNorm,
): Modelled {
  const model = build(layers, options);
  const optimizer = tf.train.sgd(rate);
  // Summed over the outputs, as synaptic's rule has it; TensorFlow.js's own is their mean.
  const loss = (y: tf.Tensor, p: tf.Tensor): tf.Tensor =>
    tf.mul(metrics.binaryCrossentropy(y, p), classes);
  model.compile({ optimizer, loss });
  return {
    model,
    prepare(samples) {
      const batches = batchesOf(samples, batchSize);
      return async () => {
        for (const [x, y] of batches) await model.trainOnBatch(x, y);
        tf.dispose(batches);
      };
    },
    predict: (samples) => predict(model, samples),
    dispose() {
      model.dispose();
      optimizer.dispose();
    },
  };
}

/** A network with Batch Normalization from elsewhere. */
export function fromCarried({ layers, states }: Carried): Sequential {
  const model = build(layers, batchNorm);
  loadBatchNormStates(model, states);
  return model;
}

/** What {@link fromCarried} takes. */
export async function carriedOf(model: Sequential): Promise<Carried> {
  const states: BatchNormState[] = await batchNormStates(model);
  const dense = model.layers.filter((layer) => layer.getClassName() === "Dense");
  return {
    states,
    layers: dense.map((layer) => {
      const [kernel, bias] = layer.getWeights() as [tf.Tensor2D, tf.Tensor1D?];
      const [inputs, units] = kernel.shape;
      const weights = tf.tidy(() => tf.transpose(kernel).dataSync() as Float32Array);
      const values = bias ? (bias.dataSync() as Float32Array) : new Float32Array(units);
      return { inputs, units, weights, bias: values };
    }),
  };
}

export function predict(model: Sequential, samples: Samples): ArrayLike<number>[] {
  return tf.tidy(() => {
    const outputs = model.predict(inputsOf(samples)) as tf.Tensor2D;
    const values = outputs.dataSync();
    return Array.from(samples.labels, (_, i) => values.subarray(i * classes, (i + 1) * classes));
  });
}

export const inputsOf = (samples: Samples): tf.Tensor2D =>
  tf.tensor2d(samples.pixels, [samples.labels.length, pixelsOf(samples)]);

function batchesOf(samples: Samples, batchSize: number): [tf.Tensor2D, tf.Tensor2D][] {
  const width = pixelsOf(samples);
  return Array.from({ length: samples.labels.length / batchSize }, (_, i) => {
    const [from, to] = [i * batchSize, (i + 1) * batchSize];
    const x = inputsOf({
      pixels: samples.pixels.subarray(from * width, to * width),
      labels: samples.labels.subarray(from, to),
    });
    const labels = samples.labels.subarray(from, to);
    const y = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, "int32"), classes), "float32"));
    return [x, y as tf.Tensor2D];
  });
}

function build(dense: readonly Dense[], options: BatchNormLayerArguments | null): Sequential {
  const model = sequential();
  for (const [i, { inputs, units, weights, bias }] of dense.entries()) {
    const normalized = options !== null && i < dense.length - 1;
    const useBias = !normalized; // beta does what the bias would
    const layer = layers.dense({ units, inputShape: [inputs], useBias });
    model.add(layer);
    const values = tf.tidy(() => [
      tf.transpose(tf.tensor2d(weights, [units, inputs])),
      ...(useBias ? [tf.tensor1d(bias)] : []),
    ]);
    layer.setWeights(values);
    tf.dispose(values);
    if (normalized) model.add(batchNormalization(options));
    model.add(layers.activation({ activation: "sigmoid" }));
  }
  return model;
}
