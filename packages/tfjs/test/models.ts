import { batchNormalization, foldBatchNorm } from "@batchnorm/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { expect } from "vitest";
import { expectClose } from "./close.ts";
import { normals } from "./random.ts";

/** Makes a layer of ours, or tfjs-layers's own. */
export type Norm = (args?: object) => tfl.layers.Layer;
export const norms: { readonly ours: Norm; readonly stock: Norm } = {
  ours: batchNormalization,
  stock: tfl.layers.batchNormalization,
};

/** Of a model's only input, without the batch. */
export const shapeOf = ({ inputs }: tfl.LayersModel): number[] =>
  inputs.flatMap(({ shape }) => shape.slice(1)) as number[];

/** A tensor of seeded normal deviates. */
export const tensorOf = (seed: string, shape: number[], mean = 0, deviation = 1): tf.Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(normals(seed, size, mean, deviation), shape);
};

/** Gives every weight a seeded value, as if the model had been trained; returns the model. */
export function scrambled<M extends tfl.LayersModel>(model: M, seed = "weights"): M {
  tf.tidy(() => {
    const seen = new Set<string>();
    for (const [i, weight] of model.weights.entries()) {
      // A nested model may list a weight twice; a count of updates is none to be scrambled.
      if (seen.has(weight.name) || weight.originalName.includes("progress")) continue;
      seen.add(weight.name);
      const values = tensorOf(`${seed} ${i}`, weight.shape as number[], 0, 0.5);
      const isPositive = /variance|gamma/.test(weight.originalName);
      weight.write(isPositive ? tf.add(tf.abs(values), 0.2) : values);
    }
  });
  return model;
}

/** The outputs of a model, one after another. */
export function outputsOf(model: tfl.LayersModel, x: tf.Tensor | tf.Tensor[]): Float32Array[] {
  return tf.tidy(() =>
    [model.predict(x)].flat().map((y) => (y as tf.Tensor).dataSync() as Float32Array),
  );
}

/** Saves a model to memory and loads it again. */
export async function reload(model: tfl.LayersModel): Promise<tfl.LayersModel> {
  let saved: tf.io.ModelArtifacts = {};
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
    }),
  );
  return tfl.loadLayersModel(tf.io.fromMemory(saved));
}

export type Symbolic = tfl.SymbolicTensor;

/** The kinds of a model's layers. */
export const classesOf = (model: tfl.LayersModel): string =>
  model.layers.map((layer) => layer.getClassName()).join(" ");

/** A layer on a symbolic tensor. */
export const on = (x: Symbolic | Symbolic[], layer: tfl.layers.Layer): Symbolic =>
  layer.apply(x) as Symbolic;
/** Layers, one behind another, on a symbolic tensor. */
export const through = (x: Symbolic, ...chain: tfl.layers.Layer[]): Symbolic => chain.reduce(on, x);

/** float32 keeps 7 digits; a sum of some dozen products, some layers deep, may lose one of them. */
export const foldTolerance = 1e-5;

/** Asserts that a model, its weights scrambled, folds to what is left of it and to the same outputs. */
export async function expectFolds(
  model: tfl.LayersModel,
  left: string,
  options: Parameters<typeof foldBatchNorm>[1] = {},
): Promise<void> {
  scrambled(model);
  const x = model.inputs.map(({ shape }, i) =>
    tensorOf(`x ${i}`, [4, ...shape.slice(1).map((size) => size ?? 5)], 1, 2),
  );
  const expected = outputsOf(model, x);
  const folded = await foldBatchNorm(model, options);
  expect(classesOf(folded)).toBe(left);
  const loaded = await reload(folded);
  for (const result of [folded, loaded]) {
    for (const [i, y] of outputsOf(result, x).entries())
      expectClose(y, expected[i]!, foldTolerance);
  }
}
