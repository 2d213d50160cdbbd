import { expectRefusal } from "@batchnorm/conformance/vitest";
import {
  type BatchNormErrorCode,
  type BatchNormOptions,
  BatchNorm as Reference,
} from "@batchnorm/core";
import { BatchNorm } from "@batchnorm/tfjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { expectClose } from "./close.ts";
import { normals } from "./random.ts";

const train = { training: true };
const batch = (seed: string, rows = 6, channels = 2): tf.Tensor2D =>
  tf.tensor2d(normals(seed, rows * channels, 4, 2), [rows, channels]);

onEachBackend(() => {
  let tensors = 0;
  beforeEach(() => {
    tensors = tf.memory().numTensors;
    tf.engine().startScope();
  });
  afterEach(() => {
    tf.engine().endScope();
    expect(tf.memory().numTensors).toBe(tensors);
  });

  const rules: BatchNormOptions[] = [
    { momentum: 0.9, start: "zero-one" },
    { momentum: 0.9, start: "first-batch" },
    { momentum: 0.9, start: "debiased" },
    { momentum: 0, start: "debiased" },
    { momentum: "cumulative" },
  ].flatMap((rule) =>
    (["biased", "unbiased"] as const).map((varianceEstimator) => ({ ...rule, varianceEstimator })),
  ) as BatchNormOptions[];

  test.each(rules)(
    "running statistics are core's with %j, across bad and empty batches",
    async (rule) => {
      const layer = new BatchNorm(2, rule);
      const reference = new Reference(2, { ...layer.options });
      const bad = tf.tensor2d([
        [1, Number.NaN],
        [2, 3],
      ]);
      const batches = [
        bad,
        batch("a"),
        batch("b", 3),
        tf.zeros<tf.Rank.R2>([0, 2]),
        bad,
        batch("c"),
      ];
      for (const x of batches) {
        const y = layer.apply(x, train);
        const expected = reference.forward(x.dataSync() as Float32Array, x.shape, train);
        if (x !== bad) expectClose(y, expected, 1e-5);
      }
      const [ours, expected] = [await layer.toState(), reference.toState()];
      expectClose(ours.runningMean!, expected.runningMean!, 1e-5);
      expectClose(ours.runningVariance!, expected.runningVariance!, 1e-5);
      expect(ours.weight).toBeCloseTo(expected.weight, 6);
      expect(ours).toMatchObject({ updates: 3, valuesPerChannel: null });
      expect(await layer.skippedBatches()).toBe(2);
      const x = batch("inference");
      expectClose(layer.apply(x), reference.forward(x.dataSync() as Float32Array, x.shape), 1e-5);
      layer.dispose();
    },
  );

  // In float32, 1 − 0.9999 is a part in 6,000 off, and 1 − 0.99999999 is 0.
  test.each<BatchNormOptions>([
    { momentum: 0.9999 },
    { momentum: 0.99999999, start: "debiased" },
    { momentum: 0.9999, start: "first-batch" },
    { momentum: 0.1, start: "debiased" },
    { momentum: 0.1, start: "first-batch" },
    { momentum: "cumulative" },
  ])("a hundred constant batches leave core's running statistics with %j", async (rule) => {
    const layer = new BatchNorm(1, rule);
    const reference = new Reference(1, { ...layer.options });
    const x = tf.fill([4, 1], 1e4);
    for (let i = 0; i < 100; i++) {
      tf.dispose(layer.apply(x, train));
      reference.forward(x.dataSync() as Float32Array, x.shape, train);
    }
    const [ours, expected] = [await layer.toState(), reference.toState()];
    expectClose(ours.runningMean!, expected.runningMean!, 1e-5);
    expectClose(ours.runningVariance!, expected.runningVariance!, 1e-5);
    layer.dispose();
  });

  test("of a large old value a small momentum leaves what it should", async () => {
    const layer = new BatchNorm(1, { momentum: 1e-6 });
    layer.loadState({
      ...(await layer.toState()),
      ...{ runningMean: [1e6], runningVariance: [1e6] },
    });
    tf.tidy(() => void layer.apply(tf.tensor2d([[0], [2]]), train));
    const { runningMean, runningVariance } = await layer.toState();
    // 1 + 1e-6 · (1e6 − 1), of which float32 rounds each number once or twice.
    expectClose([...runningMean!, ...runningVariance!], [2 - 1e-6, 2 - 1e-6], 5e-7);
    layer.dispose();
  });

  test("its defaults are Keras's, and a bad batch is skipped", () => {
    const layer = new BatchNorm(2);
    expect(layer.options).toMatchObject({
      momentum: 0.99,
      epsilon: 1e-3,
      varianceEstimator: "biased",
      start: "zero-one",
      onNonFinite: "skip",
      axis: -1,
    });
    layer.dispose();
  });

  test("onNonFinite throws, and nothing has changed", async () => {
    const layer = new BatchNorm(2, { onNonFinite: "throw", name: "dense1" });
    layer.apply(batch("a"), train);
    const before = await layer.toState();
    const bad = tf.tensor2d([
      [1, Number.POSITIVE_INFINITY],
      [2, 3],
    ]);
    const { message } = expectRefusal("ERR_BATCHNORM_NON_FINITE", () => layer.apply(bad, train));
    expect(message).toMatch(/^dense1: the batch of step 2/);
    expect(await layer.toState()).toEqual(before);
    layer.apply(batch("b"), train);
    expect((await layer.toState()).updates).toBe(2);
    layer.dispose();
  });

  test("onNonFinite propagates when told to", () => {
    const layer = new BatchNorm(2, { onNonFinite: "propagate" });
    layer.apply(
      tf.tensor2d([
        [1, Number.NaN],
        [2, 3],
      ]),
      train,
    );
    expect(Array.from(layer.runningMean!.dataSync(), Number.isNaN)).toEqual([false, true]);
    layer.dispose();
  });

  test("with momentum 1 a bad batch propagates too, as in core", async () => {
    const rule = { onNonFinite: "propagate", momentum: 1, start: "zero-one" } as const;
    const layer = new BatchNorm(2, rule);
    const reference = new Reference(2, rule);
    const x = tf.tensor2d([1, Number.NaN, 2, 3], [2, 2]);
    layer.apply(x, train);
    reference.forward(x.dataSync() as Float32Array, x.shape, train);
    const { runningMean, runningVariance } = reference.toState();
    expect(runningMean).toEqual([0, Number.NaN]);
    expect(await layer.toState()).toMatchObject({ runningMean, runningVariance });
    layer.dispose();
  });

  test("with momentum 0 the next batch replaces what propagated", async () => {
    const layer = new BatchNorm(2, { onNonFinite: "propagate", momentum: 0 });
    layer.apply(tf.fill([4, 2], Number.NaN), train);
    layer.apply(
      tf.tensor2d([
        [1, 2],
        [3, 6],
      ]),
      train,
    );
    expect(await layer.toState()).toMatchObject({ runningMean: [2, 4], runningVariance: [1, 4] });
    layer.dispose();
  });

  test("a frozen layer runs as at inference, and its weights are no optimizer's", () => {
    const layer = new BatchNorm(2);
    layer.apply(batch("a"), train);
    layer.trainable = false;
    const before = Array.from(layer.runningMean!.dataSync());
    const x = batch("b");
    expectClose(layer.apply(x, train), layer.apply(x), 0);
    expect(Array.from(layer.runningMean!.dataSync())).toEqual(before);
    expect(layer.trainableWeights).toEqual([]);
    layer.trainable = true;
    expect(layer.trainableWeights).toEqual([layer.gamma, layer.beta]);
    layer.dispose();
    const frozen = new BatchNorm(2, { trainable: false });
    expect(frozen.trainableWeights).toEqual([]);
    frozen.dispose();
  });

  test.each<BatchNormOptions>([{ trackRunningStatistics: false }, { useBatchStatistics: true }])(
    "goes by the batch at inference with %j",
    async (options) => {
      const [layer, plain] = [new BatchNorm(2, options), new BatchNorm(2)];
      const x = batch("x");
      expectClose(layer.apply(x), plain.apply(x, train), 0);
      expect(layer.apply(tf.zeros([0, 2])).shape).toEqual([0, 2]);
      expect((await layer.toState()).updates).toBe(0);
      expect(await layer.skippedBatches()).toBe(0);
      layer.dispose();
      plain.dispose();
    },
  );

  test("an empty batch has an empty y and gradients of zero", () => {
    const layer = new BatchNorm(2);
    const loss = (): tf.Scalar => tf.sum(layer.apply(tf.zeros([0, 2]), train));
    const { grads } = tf.variableGrads(loss, layer.trainableWeights);
    for (const gradient of Object.values(grads)) expectClose(gradient, [0, 0], 0);
    layer.dispose();
  });

  test("one value per channel is refused, or gives beta", () => {
    const layer = new BatchNorm(2);
    expectRefusal("ERR_BATCHNORM_TOO_FEW_VALUES", () => layer.apply(tf.ones([1, 2]), train));
    layer.dispose();
    const lenient = new BatchNorm(2, { onSingleValue: "beta", momentum: 0 });
    expectClose(lenient.apply(tf.tensor2d([[5, 6]]), train), [0, 0], 0);
    expectClose(lenient.runningVariance!, [0, 0], 0);
    lenient.dispose();
  });

  test("bad shapes and options are refused, and the layer stays usable", () => {
    const layer = new BatchNorm(2);
    expectRefusal("ERR_BATCHNORM_SHAPE", () => layer.apply(tf.ones([4, 3]), train));
    expectRefusal("ERR_BATCHNORM_SHAPE", () => layer.apply(tf.ones([4]), train));
    expectRefusal("ERR_BATCHNORM_DTYPE", () => layer.apply([[1, 2]] as never));
    expectRefusal("ERR_BATCHNORM_SHAPE", () => new BatchNorm(0));
    expectRefusal("ERR_BATCHNORM_OPTION", () => new BatchNorm(2, { momentum: 2 }));
    expect(layer.apply(batch("x"), train).shape).toEqual([6, 2]);
    layer.dispose();
  });

  test("learns under an optimizer, without leaking over 200 steps", () => {
    const layer = new BatchNorm(3, { momentum: 0.9 });
    const w = tf.variable(tf.tensor2d(normals("w", 6), [2, 3]));
    const x = batch("x", 32);
    const target = tf.tensor2d(normals("target", 96), [32, 3]);
    const loss = (): tf.Scalar =>
      tf.mean(tf.square(tf.sub(layer.apply(tf.matMul(x, w), train), target)));
    const optimizer = tf.train.sgd(0.1);
    const variables = [w, ...layer.trainableWeights];
    const first = tf.tidy(() => loss().dataSync()[0]!);
    optimizer.minimize(loss, false, variables);
    const before = tf.memory().numTensors;
    for (let i = 0; i < 200; i++) optimizer.minimize(loss, false, variables);
    expect(tf.memory().numTensors).toBe(before);
    expect(tf.tidy(() => loss().dataSync()[0]!)).toBeLessThan(0.97 * first);
    w.dispose();
    layer.dispose();
    optimizer.dispose();
  });

  test("disposing of it twice leaves a tensor that shares its data alone", () => {
    const layer = new BatchNorm(2);
    const shared = tf.tensor1d([1, 2]);
    layer.gamma!.assign(shared);
    layer.dispose();
    layer.dispose();
    expect(Array.from(shared.dataSync())).toEqual([1, 2]);
  });

  test("outside of any tidy one call leaves one tensor, y", () => {
    const layer = new BatchNorm(2, { start: "debiased" });
    const x = batch("x");
    for (const options of [train, {}]) {
      const before = tf.memory().numTensors;
      layer.apply(x, options);
      expect(tf.memory().numTensors).toBe(before + 1);
    }
    layer.dispose();
  });

  test("an optimizer without a list of variables finds gamma and beta only", () => {
    const layer = new BatchNorm(2);
    const loss = (): tf.Scalar => tf.sum(tf.square(layer.apply(batch("x"), train)));
    const { grads } = tf.variableGrads(loss);
    const learned = [layer.gamma!.name, layer.beta!.name];
    expect(Object.keys(grads).filter((name) => learned.includes(name))).toHaveLength(2);
    const running = [layer.runningMean!.name, layer.runningVariance!.name];
    expect(Object.keys(grads).filter((name) => running.includes(name))).toEqual([]);
    layer.dispose();
  });

  test("one value per channel under beta enters with variance 0, unbiased too", () => {
    const layer = new BatchNorm(2, {
      onSingleValue: "beta",
      varianceEstimator: "unbiased",
      momentum: 0.5,
    });
    layer.apply(tf.tensor2d([[5, 6]]), train);
    expectClose(layer.runningMean!, [2.5, 3], 0);
    expectClose(layer.runningVariance!, [0.5, 0.5], 0);
    layer.dispose();
  });

  test("a finite batch whose variance overflows is skipped", async () => {
    const layer = new BatchNorm(1);
    layer.apply(tf.tensor2d([[-3e30], [3e30]]), train);
    expect(await layer.skippedBatches()).toBe(1);
    expectClose(layer.runningMean!, [0], 0);
    layer.dispose();
  });

  test("the running mean of N(1e4, 1e-2) is as exact as float32", () => {
    const layer = new BatchNorm(1, { momentum: 0 });
    const x = normals("offset", 25_088, 1e4, 1e-2);
    layer.apply(tf.tensor(x, [25_088, 1]), train);
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    // Half a unit in the last place of 1e4.
    expect(Math.abs(layer.runningMean!.dataSync()[0]! - mean)).toBeLessThan(5e-4);
    layer.dispose();
  });

  test("its options tell whether it is frozen now", () => {
    const layer = new BatchNorm(2);
    layer.trainable = false;
    expect(layer.options.trainable).toBe(false);
    layer.dispose();
  });

  test("an epsilon that is 0 in float32 is refused, and the smallest normal one is not", () => {
    expectRefusal("ERR_BATCHNORM_OPTION", () => new BatchNorm(2, { epsilon: 1e-50 }));
    const layer = new BatchNorm(2, { epsilon: 2 ** -126 });
    expectClose(layer.apply(tf.ones([4, 2]), train), new Float32Array(8), 0);
    layer.dispose();
  });

  describe("a state", () => {
    test("moves to core and back without loss", async () => {
      const layer = new BatchNorm(2, { momentum: 0.5, start: "debiased" });
      for (const seed of ["a", "b", "c"]) layer.apply(batch(seed), train);
      layer.gamma!.assign(tf.tensor1d([0.5, 2]));
      const state = await layer.toState();
      const there = Reference.fromState(state).toState();
      expect(there).toEqual(state);
      const back = BatchNorm.fromState(JSON.parse(JSON.stringify(there)), { axis: 1 });
      expect(await back.toState()).toEqual(state);
      expect(back.options).toMatchObject({ axis: 1, momentum: 0.5, onNonFinite: "skip" });
      const x = batch("d");
      expectClose(back.apply(x, train), layer.apply(x, train), 0);
      expect(await back.toState()).toEqual(await layer.toState());
      layer.dispose();
      back.dispose();
    });

    test("of a layer without gamma, beta and statistics is restored too", async () => {
      const options = { scale: false, center: false, trackRunningStatistics: false };
      const layer = new BatchNorm(2, options);
      const restored = BatchNorm.fromState(await layer.toState(), { epsilon: 0.5 });
      expect(restored.options).toMatchObject({ ...options, epsilon: 0.5 });
      restored.dispose();
      layer.dispose();
    });

    test("is of one moment, whatever steps and loads follow before it is there", async () => {
      const layer = new BatchNorm(2, { start: "debiased" });
      layer.apply(batch("a", 3), train);
      const before = await layer.toState();
      const [asked, other] = [layer.toState(), new BatchNorm(2, { epsilon: 0.5 })];
      layer.apply(batch("b", 4), train);
      layer.gamma!.assign(tf.tensor1d([7, 7]));
      expect(await asked).toEqual(before);
      const again = layer.toState();
      layer.loadState(await other.toState());
      expect(await again).toMatchObject({ gamma: [7, 7], epsilon: 1e-3, updates: 2 });
      for (const done of [layer, other]) done.dispose();
    });

    test("knows m for equal batches, and not after only a skipped one", async () => {
      const layer = new BatchNorm(2);
      layer.apply(tf.fill([4, 2], Number.NaN), train);
      expect(await layer.toState()).toMatchObject({ updates: 0, valuesPerChannel: null });
      layer.apply(batch("a", 4), train);
      layer.apply(batch("b", 4), train);
      expect(await layer.toState()).toMatchObject({ updates: 2, valuesPerChannel: 4 });
      layer.apply(batch("c", 3), train);
      expect(await layer.toState()).toMatchObject({ updates: 3, valuesPerChannel: null });
      layer.dispose();
    });

    test("is taken over whole, options too, but for the layer's own name; skipped is 0 again", async () => {
      const source = new Reference(2, {
        momentum: 0.5,
        epsilon: 0.25,
        start: "debiased",
        name: "a",
      });
      source.beta!.set([0.5, -3]);
      source.gamma!.set([2, 0.25]);
      source.forward(Float64Array.of(1, 2, 3, 8), [2, 2], train);
      const layer = new BatchNorm(2, { name: "mine" });
      layer.apply(tf.fill([4, 2], Number.NaN), train);
      layer.loadState(source.toState());
      expect(await layer.toState()).toEqual({ ...source.toState(), name: "mine" });
      expect(await layer.skippedBatches()).toBe(0);
      expect(layer.options).toMatchObject({ momentum: 0.5, epsilon: 0.25, onNonFinite: "skip" });
      layer.dispose();
    });

    test("of a debiased average goes on as a cumulative one, as core's does", async () => {
      const source = new Reference(2, { momentum: 0.5, start: "debiased" });
      for (const seed of ["a", "b"]) {
        source.forward(batch(seed).dataSync() as Float32Array, [6, 2], train);
      }
      const options = { momentum: "cumulative" } as const;
      const layer = BatchNorm.fromState(source.toState(), options);
      const reference = Reference.fromState(source.toState(), options);
      const x = batch("c");
      layer.apply(x, train);
      reference.forward(x.dataSync() as Float32Array, x.shape, train);
      const [ours, expected] = [await layer.toState(), reference.toState()];
      expectClose(ours.runningMean!, expected.runningMean!, 1e-6);
      expectClose(ours.runningVariance!, expected.runningVariance!, 1e-6);
      expect(ours.weight).toBeCloseTo(expected.weight, 6);
      layer.dispose();
    });

    test("beyond float32 is refused, and nothing is made or loaded", async () => {
      const layer = new BatchNorm(2);
      const before = await layer.toState();
      const tensors = tf.memory().numTensors;
      const refused = (code: BatchNormErrorCode, change: object): void => {
        const state = { ...before, ...change };
        expectRefusal(code, () => layer.loadState(state));
        expectRefusal(code, () => BatchNorm.fromState(state));
      };
      for (const field of ["gamma", "beta", "runningMean", "runningVariance"]) {
        refused("ERR_BATCHNORM_STATE", { [field]: [1, 1e39] });
      }
      refused("ERR_BATCHNORM_OPTION", { epsilon: 1e-50 });
      expect(tf.memory().numTensors).toBe(tensors);
      expect(await layer.toState()).toEqual(before);
      layer.dispose();
    });

    test("that does not fit is refused, and nothing is loaded", async () => {
      const [layer, other] = [new BatchNorm(2), new BatchNorm(3)];
      const before = await layer.toState();
      const bad = [
        await other.toState(),
        { ...before, gamma: null },
        { ...before, runningVariance: [1, -1] },
      ];
      for (const state of bad) {
        expectRefusal("ERR_BATCHNORM_STATE", () => layer.loadState(state));
      }
      expect(await layer.toState()).toEqual(before);
      layer.dispose();
      other.dispose();
    });
  });
});
