import {
  backwardInference,
  backwardTraining,
  forwardInference,
  forwardTraining,
  type Layout,
  layoutOf,
} from "@batchnorm/core";
import { init } from "@batchnorm/tfjs/core";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { expectClose } from "./close.ts";
import { compiledPrograms, type GpuBackend, heldData, useGpuBackend } from "./gpu-backends.ts";
import { normals } from "./random.ts";

const epsilon = 1e-3;
const size = (shape: number[]): number => shape.reduce((a, b) => a * b, 1);

interface Case {
  readonly shape: number[];
  readonly axis: number;
  readonly x: Float32Array;
  readonly dy: Float32Array;
  readonly gamma: Float32Array | null;
  readonly beta: Float32Array | null;
  readonly epsilon: number;
}

/** Ranks 2 to 6 on any axis; sizes of 1 and odd ones, which leave texels half empty, are common. */
const anyCase = fc.integer({ min: 2, max: 6 }).chain((rank) =>
  fc.record({
    shape: fc.array(fc.integer({ min: 1, max: rank > 4 ? 3 : 9 }), {
      minLength: rank,
      maxLength: rank,
    }),
    axis: fc.integer({ min: 0, max: rank - 1 }),
    seed: fc.integer(),
    scale: fc.boolean(),
    center: fc.boolean(),
  }),
);

/** A counterexample is printed by what it is made of. */
function caseFrom({
  shape,
  axis,
  seed,
  scale,
  center,
}: typeof anyCase extends fc.Arbitrary<infer T> ? T : never): Case {
  const channels = shape[axis]!;
  return {
    ...caseOf(shape, axis, { mean: 3, seed: String(seed) }),
    gamma: scale ? normals(`gamma ${seed}`, channels) : null,
    beta: center ? normals(`beta ${seed}`, channels) : null,
  };
}

function caseOf(
  shape: number[],
  axis: number,
  { mean = 0, deviation = 1, seed = "large" } = {},
): Case {
  return {
    ...{ shape, axis, epsilon, gamma: null, beta: null },
    x: normals(`x ${seed}`, size(shape), mean, deviation),
    dy: normals(`dy ${seed}`, size(shape)),
  };
}

type Results = { y: tf.Tensor; mean: tf.Tensor; meanLow: tf.Tensor; variance: tf.Tensor };
type Gradients = { dx: tf.Tensor; dgamma: tf.Tensor; dbeta: tf.Tensor };

const run = (name: string, inputs: object, attributes: Layout & { epsilon: number }) =>
  tf.engine().runKernel<tf.Tensor[]>(name, inputs as tf.NamedTensorMap, { ...attributes });

/** `BatchNormTraining`, without the inputs that there are not. */
function forward(inputs: object, attributes: Layout & { epsilon: number }): Results {
  const results = run("BatchNormTraining", inputs, attributes);
  const [y, mean, meanLow, variance] = results as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  return { y, mean, meanLow, variance };
}

function backward(inputs: object, attributes: Layout & { epsilon: number }): Gradients {
  const name = "meanLow" in inputs ? "BatchNormTrainingGrad" : "BatchNormInferenceGrad";
  const [dx, dgamma, dbeta] = run(name, inputs, attributes) as [tf.Tensor, tf.Tensor, tf.Tensor];
  return { dx, dgamma, dbeta };
}

/** Runs both training kernels and reads all that they give. */
async function train(c: Case, x = tf.tensor(c.x, c.shape), dy = tf.tensor(c.dy, c.shape)) {
  const attributes = { ...layoutOf(c.shape, c.axis), epsilon: c.epsilon };
  const gamma = c.gamma ? { gamma: tf.tensor1d(c.gamma) } : {};
  const beta = c.beta ? { beta: tf.tensor1d(c.beta) } : {};
  const { y, ...statistics } = forward({ x, ...gamma, ...beta }, attributes);
  const gradients = backward({ dy, x, ...statistics, ...gamma }, attributes);
  expect(y.shape).toEqual(c.shape);
  expect(gradients.dx.shape).toEqual(c.shape);
  for (const each of Object.values(statistics)) expect(each.shape).toEqual([attributes.channels]);
  const read = await readAll({ y, ...statistics, ...gradients });
  tf.dispose([x, dy, y, statistics, gradients, gamma, beta]);
  return read;
}

async function readAll<T extends Record<string, tf.Tensor>>(
  tensors: T,
): Promise<{ [K in keyof T]: Float32Array }> {
  const values = await Promise.all(
    Object.entries(tensors).map(async ([name, tensor]) => [name, await tensor.data()] as const),
  );
  return Object.fromEntries(values) as { [K in keyof T]: Float32Array };
}

/** What core makes of a case in float64. */
function exactly(c: Case) {
  const layout = layoutOf(c.shape, c.axis);
  // y in float64 too, or its rounding would be counted as an error.
  const { y, moments } = forwardTraining(Float64Array.from(c.x), layout, c);
  const { dx, dgamma, dbeta } = backwardTraining(Float64Array.from(c.dy), c.x, layout, moments, c);
  const count = layout.outer * layout.inner;
  const variance = moments.m2.map((m2) => m2 / count);
  return { y, mean: moments.mean, variance, dx, dgamma, dbeta };
}

/** Runs what the kernels of every graphics backend must fulfil. */
export function gpuKernelTests(backend: GpuBackend, suits: (backend: object) => boolean): void {
  describe(`kernels of ${backend}`, () => {
    beforeAll(async () => {
      await useGpuBackend(backend);
      expect(await init()).toBe("kernels");
    });

    test("are for this backend and no other, as a feature test finds", () => {
      expect(suits(tf.engine().backend)).toBe(true);
      expect(suits({})).toBe(false);
    });

    // Sums of up to 1,000 values round a few times on their way to one of float32, at 10 or so;
    // dx is amplified by gamma · r, up to 1/√epsilon, where a channel has one value.
    test("training: every result is core's, over 60 shapes", async () => {
      await fc.assert(
        fc.asyncProperty(anyCase, async (any) => {
          const c = caseFrom(any);
          const actual = await train(c);
          const expected = exactly(c);
          expectClose(actual.y, expected.y, 2e-6);
          expectClose(actual.mean, expected.mean, 1e-6);
          expectClose(actual.variance, expected.variance, 1e-6);
          expectClose(actual.dx, expected.dx, 1e-4);
          expectClose(actual.dgamma, expected.dgamma, 1e-5);
          expectClose(actual.dbeta, expected.dbeta, 5e-6);
        }),
        { seed: 20261121, numRuns: 60 },
      );
    });

    test("inference: every result is core's, over 30 shapes", async () => {
      await fc.assert(
        fc.asyncProperty(anyCase, async (any) => {
          const c = caseFrom(any);
          const layout = layoutOf(c.shape, c.axis);
          const attributes = { ...layout, epsilon };
          const mean = normals("mean", layout.channels);
          const variance = normals("variance", layout.channels).map((v) => v * v + 0.1);
          const statistics = { mean: tf.tensor1d(mean), variance: tf.tensor1d(variance) };
          const [x, dy] = [tf.tensor(c.x, c.shape), tf.tensor(c.dy, c.shape)];
          const gamma = c.gamma ? { gamma: tf.tensor1d(c.gamma) } : {};
          const beta = c.beta ? { beta: tf.tensor1d(c.beta) } : {};
          const [y] = run(
            "BatchNormInference",
            { x, ...statistics, ...gamma, ...beta },
            attributes,
          );
          const gradients = backward({ dy, x, ...statistics, ...gamma }, attributes);
          const actual = await readAll({ y: y as tf.Tensor, ...gradients });
          tf.dispose([x, dy, statistics, gamma, beta, gradients, y as tf.Tensor]);
          const fixed = { mean, variance };
          const expected = backwardInference(c.dy, c.x, layout, fixed, c);
          expectClose(actual.y, forwardInference(c.x, layout, fixed, c), 2e-6);
          expectClose(actual.dx, expected.dx, 2e-6);
          expectClose(actual.dgamma, expected.dgamma, 1e-5);
          expectClose(actual.dbeta, expected.dbeta, 5e-6);
        }),
        { seed: 20261121, numRuns: 30 },
      );
    });

    // The sums have 12,544 terms and more, and are compensated; plain ones are 3e-5 off here.
    test.each([
      { shape: [16, 28, 28, 32], axis: 3 },
      { shape: [16, 32, 28, 28], axis: 1 },
      { shape: [16, 32, 27, 29], axis: 1 },
      { shape: [4001, 7], axis: 1 },
      { shape: [1, 100003], axis: 0 },
    ])("keep $shape with channels on $axis within 1e-5 of core", async ({ shape, axis }) => {
      const c = caseOf(shape, axis);
      const actual = await train(c);
      const expected = exactly(c);
      for (const name of ["y", "dx", "dgamma", "dbeta"] as const) {
        expectClose(actual[name], expected[name], 1e-5);
      }
      // Of these sums, some miss this without their low parts.
      expectClose(actual.dbeta, expected.dbeta, 3e-6);
    });

    // The contract's bound for y; the mean in two parts is as good as its rounding to float32 squared.
    test.each([
      { shape: [16, 28, 28, 8], axis: 3 },
      { shape: [16, 8, 28, 28], axis: 1 },
      { shape: [100, 3], axis: 1 },
    ])("keep $shape at N(1e4, 1e-2) within 1e-6 of core", async ({ shape, axis }) => {
      const c = { ...caseOf(shape, axis, { mean: 1e4, deviation: 1e-2 }), epsilon: 1e-5 };
      const actual = await train(c);
      const expected = exactly(c);
      expectClose(actual.y, expected.y, 1e-6);
      const mean = Float64Array.from(actual.mean, (value, i) => value + actual.meanLow[i]!);
      expectClose(
        mean.map((value) => value - 1e4),
        expected.mean.map((value) => value - 1e4),
        1e-9,
      );
      // What xHat is off by, at random over m values.
      const m = size(shape) / shape[axis]!;
      expectClose(actual.dgamma, expected.dgamma, 1e-6 * Math.sqrt(m));
    });

    // Where all of the sample is far off, the shift is so by √7 deviations, and squares are 8 times larger.
    test.each([
      ["a first value that is far off", (i: number) => (i < 2 ? 1e4 : 0)],
      ["one value of eight that is far off", (i: number) => ((i >> 1) % 8 === 0 ? 1e4 : 0)],
      ["values that rise", (i: number) => i],
    ])("give %s its variance to 2e-6", async (_, offset) => {
      const c = caseOf([5000, 2], 1);
      const x = c.x.map((value, i) => value + offset(i));
      const actual = await train({ ...c, x });
      const expected = exactly({ ...c, x });
      const ratios = actual.variance.map((value, i) => value / expected.variance[i]!);
      expectClose(ratios, [1, 1], 2e-6);
    });

    test("a constant channel gives beta and variance 0, exactly", async () => {
      const c = caseOf([31, 5], 1);
      const x = c.x.map((value, i) => (i % 5 === 3 ? 0.1 : value));
      const beta = Float32Array.of(1, 2, 3, 4, 5);
      const { y, mean, variance, dgamma } = await train({ ...c, x, beta });
      expect(y.filter((_, i) => i % 5 === 3)).toEqual(new Float32Array(31).fill(4));
      expect([mean[3], variance[3], Math.abs(dgamma[3]!)]).toEqual([Math.fround(0.1), 0, 0]);
    });

    test.each([
      { shape: [9, 5], axis: 1 },
      // Four channels go together there, where a backend has them so.
      { shape: [9, 8], axis: 1 },
      { shape: [3, 5, 3, 3], axis: 1 },
      { shape: [3, 5, 7], axis: 1 },
    ])("NaN stays in its channel, of $shape", async ({ shape, axis }) => {
      const c = caseOf(shape, axis);
      const { channels, inner } = layoutOf(shape, axis);
      const isThird = (i: number): boolean => Math.floor(i / inner) % channels === 2;
      const x = c.x.map((value, i) => (i === 2 * inner ? Number.NaN : value));
      const actual = await train({ ...c, x });
      const isNaNs = (values: Float32Array): boolean[] => Array.from(values, Number.isNaN);
      const perChannel = Array.from({ length: channels }, (_, c) => c === 2);
      expect(isNaNs(actual.mean)).toEqual(perChannel);
      expect(isNaNs(actual.variance)).toEqual(perChannel);
      expect(isNaNs(actual.dgamma)).toEqual(perChannel);
      expect(isNaNs(actual.y)).toEqual(Array.from(c.x, (_, i) => isThird(i)));
      expect(isNaNs(actual.dx)).toEqual(Array.from(c.x, (_, i) => isThird(i)));
      expect(isNaNs(actual.dbeta)).toEqual(perChannel.map(() => false));
    });

    test("an x without values gives none, and zeros per channel", async () => {
      const actual = await train(caseOf([0, 4, 4, 3], 3));
      expect([actual.y.length, actual.dx.length]).toEqual([0, 0]);
      for (const name of ["mean", "meanLow", "variance", "dgamma", "dbeta"] as const) {
        expect(actual[name]).toEqual(new Float32Array(3));
      }
    });

    test("inputs may be what other ops made: slices, transposes, reshapes, results", async () => {
      const c = caseOf([6, 5, 4, 3], 3);
      const whole = tf.tensor(normals("whole", 8 * 5 * 4 * 3), [8, 5, 4, 3]);
      const made: tf.Tensor[] = [
        tf.slice(whole, [1, 0, 0, 0], [6, 5, 4, 3]),
        tf.transpose(tf.slice(whole, [1, 0, 0, 0], [6, 5, 4, 3]), [0, 2, 1, 3]),
        tf.relu(tf.add(tf.slice(whole, [2, 0, 0, 0], [6, 5, 4, 3]), 1)),
        tf.reshape(tf.slice(whole, [0, 0, 0, 0], [6, 5, 4, 3]), [3, 40, 3]),
        tf.maxPool(whole as tf.Tensor4D, 2, 1, "valid"),
      ];
      for (const x of made) {
        const values = (await x.data()) as Float32Array;
        // A fresh one: reading may leave a copy that is not on the device.
        const input = tf.add(x, 0);
        const dy = tf.mul(tf.tensor(normals("dy", x.size), x.shape), 2);
        const like = { ...c, shape: x.shape, axis: x.rank - 1, x: values };
        const expected = exactly({ ...like, dy: (await dy.data()) as Float32Array });
        const actual = await train(like, input, dy);
        for (const name of ["y", "dx", "dgamma", "dbeta"] as const) {
          expectClose(actual[name], expected[name], 1e-5);
        }
      }
      tf.dispose([whole, ...made]);
    });

    test("results may go straight into other ops", async () => {
      const c = caseOf([6, 5, 7, 3], 1);
      const attributes = { ...layoutOf(c.shape, c.axis), epsilon };
      const doubled = await readAll(
        tf.tidy(() => {
          const { y, variance } = forward({ x: tf.tensor(c.x, c.shape) }, attributes);
          return { y: tf.relu(tf.mul(y, 2)), variance: tf.mul(variance, 2) };
        }),
      );
      const { y, variance } = exactly(c);
      expectClose(
        doubled.y,
        y.map((value) => Math.max(0, 2 * value)),
        1e-5,
      );
      expectClose(
        doubled.variance,
        variance.map((value) => 2 * value),
        1e-5,
      );
    });

    test("serve a custom gradient", async () => {
      const c = caseOf([12, 3, 3, 4], 3);
      const attributes = { ...layoutOf(c.shape, c.axis), epsilon };
      const op = tf.customGrad((...args: unknown[]) => {
        const [x, save] = args as [tf.Tensor, tf.GradSaveFunc];
        const { y, ...statistics } = forward({ x }, attributes);
        save([x, statistics.mean, statistics.meanLow, statistics.variance]);
        return {
          value: y,
          gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
            const [x, mean, meanLow, variance] = saved;
            return backward({ dy, x, mean, meanLow, variance }, attributes).dx;
          },
        };
      });
      const [x, dy] = [tf.tensor(c.x, c.shape), tf.tensor(c.dy, c.shape)];
      const dx = tf.grad((x) => op(x))(x, dy);
      expectClose(await dx.data(), exactly(c).dx, 1e-5);
      tf.dispose([x, dy, dx]);
    });

    test("another batch size, epsilon or number of channels compiles nothing anew", async () => {
      await train({ ...caseOf([8, 6, 6, 4], 3), epsilon: 1e-5 });
      const before = compiledPrograms();
      await train(caseOf([12, 6, 6, 4], 3));
      await train(caseOf([4, 4, 4, 8], 3));
      expect(before).not.toEqual([]);
      expect(compiledPrograms()).toEqual(before);
    });

    test("1,000 steps leave nothing behind", async () => {
      const c = caseOf([4, 3, 3, 3], 3);
      const attributes = { ...layoutOf(c.shape, c.axis), epsilon };
      const [x, dy] = [tf.tensor(c.x, c.shape), tf.tensor(c.dy, c.shape)];
      const [gamma, beta] = [tf.ones([3]), tf.zeros([3])];
      const step = () =>
        tf.tidy(() => {
          const { y, ...statistics } = forward({ x, gamma, beta }, attributes);
          const { dx } = backward({ dy, x, gamma, ...statistics }, attributes);
          run("BatchNormInference", { x: y, gamma, beta, ...statistics }, attributes);
          const { mean, variance } = statistics;
          backward({ dy: dx, x, gamma, mean, variance }, attributes);
        });
      step();
      await x.data();
      const before = { tensors: tf.memory().numTensors, data: heldData() };
      for (let i = 0; i < 1000; i++) step();
      expect({ tensors: tf.memory().numTensors, data: heldData() }).toEqual(before);
      tf.dispose([x, dy, gamma, beta]);
    });
  });
}
