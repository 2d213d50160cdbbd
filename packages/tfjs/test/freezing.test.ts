import "./backends.ts";
import {
  type BatchNormLayer,
  type BatchNormLayerArguments,
  batchNormalization,
} from "@batchnorm/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, test } from "vitest";
import { normals } from "./random.ts";

const { dense } = tfl.layers;

/** Input, dense, Batch Normalization. */
function functional(bn: tfl.layers.Layer): tfl.LayersModel {
  const input = tfl.input({ shape: [3] });
  const outputs = bn.apply(dense({ units: 3 }).apply(input)) as tfl.SymbolicTensor;
  return tfl.model({ inputs: input, outputs });
}

const sequential = (bn: tfl.layers.Layer): tfl.Sequential =>
  tfl.sequential({ layers: [dense({ units: 3, inputShape: [3] }), bn] });

/** A model with a head that is trained, around a base. */
function inFunctional(base: tfl.LayersModel): tfl.LayersModel {
  const input = tfl.input({ shape: [3] });
  const outputs = dense({ units: 1 }).apply(base.apply(input)) as tfl.SymbolicTensor;
  return tfl.model({ inputs: input, outputs });
}

const inSequential = (base: tfl.LayersModel): tfl.Sequential =>
  tfl.sequential({ layers: [base, dense({ units: 1 })] });

/** Trains a model, and tells whether the moving statistics, and the base's weights, have moved. */
async function moved(
  model: tfl.LayersModel,
  bn: BatchNormLayer,
): Promise<{ statistics: boolean; learned: boolean }> {
  const read = (): number[][] => bn.getWeights().map((weight) => Array.from(weight.dataSync()));
  const x = tf.tensor2d(normals("x", 24, 5, 2), [8, 3]);
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const before = read();
  await model.fit(x, tf.ones([8, 1]), { epochs: 1, verbose: 0 });
  const changes = read().map((values, i) => String(values) !== String(before[i]));
  return {
    statistics: changes.slice(-2).some(Boolean),
    learned: changes.slice(0, -2).some(Boolean),
  };
}

const still = { statistics: false, learned: false };
const freeze = (model: tfl.LayersModel): void => {
  model.trainable = false;
};

beforeAll(() => tf.setBackend("cpu"));

describe("a base under a head stays as it is", () => {
  test.each([
    { name: "functional in functional", base: functional, around: inFunctional },
    { name: "Sequential in functional", base: sequential, around: inFunctional },
  ])("with base.trainable = false: $name", async ({ base, around }) => {
    const bn = batchNormalization();
    const inner = base(bn);
    const model = around(inner);
    freeze(inner);
    expect(await moved(model, bn)).toEqual(still);
  });

  test.each([
    { name: "functional in functional", base: functional, around: inFunctional },
    { name: "Sequential in Sequential", base: sequential, around: inSequential },
  ])(
    "with layer.trainable = false, scale and center off or on: $name",
    async ({ base, around }) => {
      for (const args of [{}, { scale: false, center: false }] as BatchNormLayerArguments[]) {
        const bn = batchNormalization(args);
        const model = around(base(bn));
        bn.trainable = false;
        expect(await moved(model, bn)).toEqual(still);
      }
    },
  );
});

test("a layer of which gamma alone is frozen trains on", () => {
  const bn = batchNormalization();
  bn.apply(tf.ones([4, 3]));
  bn.gamma!.trainable = false;
  expect(bn.options.trainable).toBe(true);
  bn.beta!.trainable = false;
  expect(bn.options.trainable).toBe(false);
});

describe("it cannot be seen", () => {
  test("with scale and center off", async () => {
    const bn = batchNormalization({ scale: false, center: false });
    const inner = functional(bn);
    freeze(inner);
    expect(await moved(inFunctional(inner), bn)).toEqual({ statistics: true, learned: false });
  });

  // TensorFlow.js trains every weight of the base then, gamma and beta as the others.
  test.each([
    { name: "functional", base: functional },
    { name: "Sequential", base: sequential },
  ])("in a $name base of a Sequential, which compiling unfreezes", async ({ base }) => {
    const bn = batchNormalization();
    const inner = base(bn);
    freeze(inner);
    const model = inSequential(inner);
    freeze(inner);
    expect(await moved(model, bn)).toEqual({ statistics: true, learned: true });
  });

  test("in a model within the frozen one", async () => {
    const bn = batchNormalization();
    const input = tfl.input({ shape: [3] });
    const outputs = functional(bn).apply(input) as tfl.SymbolicTensor;
    const middle = tfl.model({ inputs: input, outputs });
    freeze(middle);
    expect(await moved(inFunctional(middle), bn)).toEqual({ statistics: true, learned: false });
  });

  test("in a wrapper, as TimeDistributed", async () => {
    const bn = batchNormalization();
    const inner = tfl.sequential({
      layers: [
        tfl.layers.reshape({ targetShape: [3, 1], inputShape: [3] }),
        tfl.layers.timeDistributed({ layer: bn }),
        tfl.layers.flatten(),
      ],
    });
    freeze(inner);
    expect((await moved(inFunctional(inner), bn)).statistics).toBe(true);
  });
});
