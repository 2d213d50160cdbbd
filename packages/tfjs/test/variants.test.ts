import { expectRefusal } from "@batchnorm/conformance/vitest";
import { type BatchNormOptions, BatchNorm as Reference } from "@batchnorm/core";
import { BatchNorm } from "@batchnorm/tfjs/core";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { expectClose } from "./close.ts";
import { normals } from "./random.ts";

const train = { training: true };
const epsilon = 1e-3;
const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** A layer's setting, an input of it, and which positions of that count. */
interface Case {
  readonly shape: number[];
  readonly axis: number;
  readonly options: BatchNormOptions;
  readonly mask: Uint8Array | null;
  readonly seed: number;
}

const anyCase: fc.Arbitrary<Case> = fc
  .record({
    shape: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
    samples: fc.integer({ min: 2, max: 9 }),
    at: fc.nat(),
    renorm: fc.constantFrom(null, {}, { rmin: 0.5, rmax: 2, dmax: 0.5, momentum: 0.7 }),
    size: fc.option(fc.integer({ min: 1, max: 5 }), { nil: null }),
    start: fc.constantFrom("zero-one" as const, "first-batch" as const, "debiased" as const),
    varianceEstimator: fc.constantFrom("biased" as const, "unbiased" as const),
    affine: fc.constantFrom({}, { scale: false }, { center: false, scale: false }),
    bits: fc.option(fc.infiniteStream(fc.boolean()), { nil: null }),
    seed: fc.nat(1000),
  })
  .map(({ shape: rest, samples, at, renorm, size, bits, seed, affine, ...rule }) => {
    const shape = [samples, ...rest];
    const axis = 1 + (at % rest.length);
    const positions = product(shape) / (shape[axis] as number);
    const mask = bits && Uint8Array.from({ length: positions }, () => Number(bits.next().value));
    const options = { ...rule, ...affine, axis, renorm, virtualBatchSize: size, epsilon };
    return {
      shape,
      axis,
      options: { ...options, momentum: 0.8, onSingleValue: "beta" },
      mask,
      seed,
    };
  });

/** The mask as the layer takes it. */
const maskOf = ({ mask, shape, axis }: Case): tf.Tensor | null =>
  mask &&
  tf.tensor(
    mask,
    shape.filter((_, i) => i !== axis),
    "bool",
  );

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

  test("masks, virtual batches and renorm, in any mixture, are core's over 150 cases", async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, async (c) => {
        const { shape, options, seed } = c;
        const channels = shape[c.axis] as number;
        const layer = new BatchNorm(channels, options);
        const reference = new Reference(channels, { ...layer.options });
        const dy = normals(`dy${seed}`, product(shape));
        for (const step of [0, 1]) {
          const x = normals(`x${seed}${step}`, product(shape), step, 1 + step);
          const input = tf.variable(tf.tensor(x, shape));
          const loss = (): tf.Scalar => {
            const y = layer.apply(input, { ...train, mask: maskOf(c) });
            return tf.sum(tf.mul(y, tf.tensor(dy, shape)));
          };
          const { value, grads } = tf.variableGrads(loss, [input, ...layer.trainableWeights]);
          const y = reference.forward(x, shape, { ...train, mask: c.mask ?? undefined });
          const expected = reference.backward(dy);
          const total = y.reduce((sum, each, i) => sum + each * dy[i]!, 0);
          // Sums of up to 576 terms of float32, with xHat up to 1/√epsilon where variances are 0.
          const tolerance = 2e-4 * Math.max(1, ...y.map(Math.abs));
          expectClose([value.dataSync()[0]!], [total], tolerance);
          expectClose(grads[input.name]!, expected.dx, tolerance);
          if (layer.gamma) expectClose(grads[layer.gamma.name]!, expected.dgamma, tolerance);
          if (layer.beta) expectClose(grads[layer.beta.name]!, expected.dbeta, tolerance);
          input.dispose();
        }
        const [ours, theirs] = [await layer.toState(), reference.toState()];
        expectClose(ours.runningMean!, theirs.runningMean!, 1e-5);
        expectClose(ours.runningVariance!, theirs.runningVariance!, 1e-5);
        for (const key of ["mean", "deviation", "movingDeviation"] as const) {
          if (theirs.renorm) expectClose(ours.renorm![key], theirs.renorm[key], 1e-5);
        }
        expect(ours.updates).toBe(theirs.updates);
        expect(ours.valuesPerChannel).toBe(theirs.valuesPerChannel);
        layer.dispose();
      }),
      { seed: 20261121, numRuns: 150 },
    );
  });

  test("renorm's gradient of a gradient goes through the statistics, its corrections constant", () => {
    const layer = new BatchNorm(2, { renorm: { rmax: 2, dmax: 1 }, trainable: true });
    const [x, v] = [tf.tensor(normals("x", 12, 1, 3), [6, 2]), tf.tensor(normals("v", 12), [6, 2])];
    const { mean, variance } = tf.moments(x, [0]);
    const sigma = tf.sqrt(tf.add(variance, epsilon));
    const [r, d] = [tf.clipByValue(sigma, 0, 2), tf.clipByValue(mean, -1, 1)];
    const plain = (x: tf.Tensor): tf.Tensor => {
      const { mean, variance } = tf.moments(x, [0]);
      const xHat = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon)));
      return tf.add(tf.mul(xHat, r), d);
    };
    const ours = (x: tf.Tensor): tf.Tensor => layer.apply(x, train);
    const second = (op: typeof ours): tf.Tensor =>
      tf.grad((x: tf.Tensor) => {
        const dx = tf.grad((x: tf.Tensor) => tf.sum(tf.sin(op(x))))(x);
        return tf.sum(tf.mul(dx, v));
      })(x);
    expectClose(second(ours), second(plain), 1e-4);
    layer.dispose();
  });

  test("a first gradient of a masked, virtual, corrected batch needs no registered one", () => {
    const names = ["Reshape", "Cast", "Sub", "Multiply", "Add", "Sum", "Slice", "Concat", "Select"];
    const saved = names.map((name) => tf.getGradient(name));
    for (const name of names) if (tf.getGradient(name)) tf.unregisterGradient(name);
    try {
      const layer = new BatchNorm(1, { virtualBatchSize: 2, renorm: {} });
      const mask = tf.tensor1d([1, 1, 1, 0, 1], "int32");
      const x = tf.tensor2d([[1], [2], [6], [9], [4]]);
      const options = { ...train, mask };
      const dx = tf.grad((x: tf.Tensor) => layer.apply(x, options))(x, tf.ones([5, 1]));
      expect(dx.shape).toEqual([5, 1]);
      layer.dispose();
    } finally {
      for (const config of saved) if (config) tf.registerGradient(config);
    }
  });

  describe("a mask", () => {
    const layerOf = (options: BatchNormOptions = {}): BatchNorm =>
      new BatchNorm(2, { momentum: 0, ...options });

    test("may have 1 on the channel axis, and any type", () => {
      const x = tf.tensor(normals("x", 24), [3, 2, 4]);
      const bits = normals("mask", 12).map((value) => Number(value > 0));
      const results = (["bool", "int32", "float32"] as const).flatMap((dtype) =>
        [
          [3, 4],
          [3, 1, 4],
        ].map((shape) => {
          const layer = layerOf({ axis: 1 });
          const y = layer.apply(x, { ...train, mask: tf.tensor(bits, shape, dtype) });
          layer.dispose();
          return y;
        }),
      );
      for (const y of results) expectClose(y, results[0]!, 0);
    });

    test("of another shape or value is refused, and the layer is as before", async () => {
      const layer = layerOf();
      const before = await layer.toState();
      const x = tf.ones([3, 2]);
      for (const mask of [tf.ones([2]), tf.ones([3, 2]), tf.tensor1d([1, 2, 0]), [1, 1, 1]]) {
        expectRefusal("ERR_BATCHNORM_MASK", () => layer.apply(x, { ...train, mask } as never));
      }
      expect(await layer.toState()).toEqual(before);
      expectRefusal("ERR_BATCHNORM_MASK", () => layer.apply(x, { mask: tf.ones([2]) }));
      layer.dispose();
    });

    test("that leaves nothing gives beta and no gradient, whatever is masked", () => {
      const layer = layerOf();
      layer.beta!.assign(tf.tensor1d([3, 4]));
      const x = tf.variable(tf.fill([2, 2], Number.NaN));
      const options = { ...train, mask: tf.zeros([2]) };
      const { value, grads } = tf.variableGrads(() => tf.sum(layer.apply(x, options)), [x]);
      expectClose([value.dataSync()[0]!], [14], 0);
      expectClose(grads[x.name]!, [0, 0, 0, 0], 0);
      x.dispose();
      layer.dispose();
    });

    test("changes nothing at inference", () => {
      const layer = layerOf();
      const x = tf.tensor2d(normals("x", 6), [3, 2]);
      expectClose(layer.apply(x, { mask: tf.tensor1d([1, 0, 0]) }), layer.apply(x), 0);
      layer.dispose();
    });
  });

  test("a bad virtual batch that throws leaves no part of the batch behind", async () => {
    const layer = new BatchNorm(1, { virtualBatchSize: 2, onNonFinite: "throw", renorm: {} });
    const before = await layer.toState();
    const x = tf.tensor2d([[1], [2], [3], [Number.NaN]]);
    expectRefusal("ERR_BATCHNORM_NON_FINITE", () => layer.apply(x, train));
    expect(await layer.toState()).toEqual(before);
    layer.dispose();
  });

  test("a bad batch leaves renorm's averages alone, and is counted", async () => {
    const layer = new BatchNorm(1, { renorm: {} });
    const before = await layer.toState();
    layer.apply(tf.tensor2d([[1], [Number.NaN]]), train);
    expect(await layer.toState()).toEqual(before);
    expect(await layer.skippedBatches()).toBe(1);
    layer.dispose();
  });

  test("a state with renorm moves to core and back without loss", async () => {
    const layer = new BatchNorm(2, { renorm: { rmax: 3, momentum: 0.5 } });
    layer.apply(tf.tensor2d(normals("x", 12, 3, 2), [6, 2]), train);
    const state = await layer.toState();
    const there = Reference.fromState(state).toState();
    expect(there).toEqual(state);
    const back = BatchNorm.fromState(JSON.parse(JSON.stringify(there)));
    expect(await back.toState()).toEqual(state);
    expect(back.options.renorm).toEqual({ rmin: 0, rmax: 3, dmax: Infinity, momentum: 0.5 });
    for (const each of [layer, back]) each.dispose();
  });

  test("virtual batches of what has its channels first are refused", () => {
    const layer = new BatchNorm(2, { axis: 0, virtualBatchSize: 2 });
    expectRefusal("ERR_BATCHNORM_AXIS", () => layer.apply(tf.ones([2, 6]), train));
    layer.dispose();
  });

  test("outside of any tidy one call leaves one tensor, y", () => {
    const layer = new BatchNorm(2, { renorm: {}, virtualBatchSize: 4, start: "debiased" });
    const [x, mask] = [tf.tensor2d(normals("x", 22), [11, 2]), tf.ones([11])];
    const before = tf.memory().numTensors;
    layer.apply(x, { ...train, mask });
    expect(tf.memory().numTensors).toBe(before + 1);
    layer.dispose();
  });

  test("disposed tensors are refused by code: x, and the layer's own", async () => {
    const layer = new BatchNorm(2);
    const x = tf.ones([4, 2]);
    x.dispose();
    expectRefusal("ERR_BATCHNORM_DISPOSED", () => layer.apply(x, train));
    expect(layer.apply(tf.ones([4, 2]), train).shape).toEqual([4, 2]);
    layer.dispose();
    expectRefusal("ERR_BATCHNORM_DISPOSED", () => layer.apply(tf.ones([4, 2])));
    await expect(layer.toState()).rejects.toMatchObject({ code: "ERR_BATCHNORM_DISPOSED" });
    await expect(layer.skippedBatches()).rejects.toMatchObject({ code: "ERR_BATCHNORM_DISPOSED" });
  });
});
