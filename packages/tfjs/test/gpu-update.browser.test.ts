import "@tensorflow/tfjs-backend-cpu";
import { type Momentum, type RunningStatistics, type Start, updateRunning } from "@batchnorm/core";
import { init } from "@batchnorm/tfjs/core";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compiledPrograms, gpuBackends, useGpuBackend } from "./gpu-backends.ts";
import { normals } from "./random.ts";

interface Rule {
  readonly momentum: Momentum;
  readonly start: Start;
  readonly correction: number;
  readonly skip: boolean;
}

interface Numbers {
  readonly mean: ArrayLike<number>;
  readonly meanLow: ArrayLike<number>;
  readonly variance: ArrayLike<number>;
  readonly runningMean: ArrayLike<number>;
  readonly runningVariance: ArrayLike<number>;
  readonly progress: ArrayLike<number>;
}

const plain: Rule = { momentum: 0.9, start: "zero-one", correction: 1, skip: false };

type Tensors = { readonly [K in keyof Numbers]: tf.Tensor };

const tensorsOf = (numbers: Partial<Numbers>): Tensors =>
  Object.fromEntries(
    Object.entries<ArrayLike<number>>(numbers).map(([name, values]) => [
      name,
      tf.tensor1d(Float32Array.from(values)),
    ]),
  ) as Tensors;

/** Runs `BatchNormUpdate`, and reads the running mean and variance and the progress that it gives. */
const update = (numbers: Numbers, rule: Rule): Promise<number[][]> =>
  updateTensors(tensorsOf(numbers), rule);

async function updateTensors(tensors: Tensors, rule: Rule): Promise<number[][]> {
  const inputs = { ...tensors };
  const made = tf.engine().runKernel<tf.Tensor[]>("BatchNormUpdate", inputs, { ...rule });
  const { shape } = inputs.runningMean;
  expect(made.map((each) => each.shape)).toEqual([shape, shape, [4]]);
  const values = await Promise.all(made.map(async (each) => Array.from(await each.data())));
  tf.dispose([inputs, made]);
  return values;
}

/** Seeded statistics of a batch and of those before it. */
function numbersOf(seed: string, channels: number, progress = [3, 0.5, 0, 0]): Numbers {
  const of = (name: string): Float32Array => normals(`${name} ${seed}`, channels);
  return {
    ...{ mean: of("mean"), meanLow: of("low").map((value) => value * 1e-7), progress },
    variance: of("variance").map((value) => value * value),
    runningMean: of("running mean"),
    runningVariance: of("running variance").map((value) => value * value),
  };
}

/** Counts that a float32 holds, and some beyond them. */
const counts = [0, 1, 2, 7, 2 ** 24 - 1, 2 ** 24, 3 * 2 ** 24 + 5];

const anyUpdate = fc
  .record({
    channels: fc.integer({ min: 1, max: 9 }),
    seed: fc.integer(),
    momentum: fc.constantFrom<Momentum>("cumulative", 0, 0.1, 0.5, 0.9, 0.9999, 1),
    start: fc.constantFrom<Start>("zero-one", "first-batch", "debiased"),
    updates: fc.constantFrom(...counts),
    weight: fc.double({ min: 0.01, max: 1, noNaN: true }),
    m: fc.integer({ min: 2, max: 50 }),
    estimator: fc.constantFrom("biased" as const, "unbiased" as const),
    skip: fc.boolean(),
  })
  // Which core refuses.
  .filter(({ momentum, start }) => momentum !== 1 || start !== "debiased");

/** What core makes of it in float64. */
function exactly(
  { mean, meanLow, variance, runningMean, runningVariance }: Numbers,
  before: { updates: number; weight: number },
  { momentum, start }: Pick<Rule, "momentum" | "start">,
  { m, estimator }: { m: number; estimator: "biased" | "unbiased" },
): RunningStatistics {
  const running = {
    mean: Float64Array.from(runningMean),
    variance: Float64Array.from(runningVariance),
    ...before,
    valuesPerChannel: null,
  };
  const moments = {
    mean: Float64Array.from(mean, (value, c) => value + meanLow[c]!),
    meanLow: new Float64Array(mean.length),
    m2: Float64Array.from(variance, (value) => value * m),
    count: m,
  };
  const rule = { momentum, start, varianceEstimator: estimator, name: "layer" };
  updateRunning(running, moments, { ...rule, onNonFinite: "propagate" });
  return running;
}

describe.each(gpuBackends)("the update on %s", (backend) => {
  beforeAll(async () => {
    await useGpuBackend(backend);
    expect(await init()).toBe("kernels");
  });
  afterAll(() => tf.setBackend("cpu"));

  // A share is rounded a few times, and WGSL and GLSL allow a quotient 2.5 units of the last digit.
  test("is core's, over 100 rules", async () => {
    await fc.assert(
      fc.asyncProperty(anyUpdate, async ({ channels, seed, updates, m, estimator, ...any }) => {
        const weight = updates === 0 ? 0 : Math.fround(any.weight);
        const progress = [updates % 2 ** 24, weight, 2, Math.floor(updates / 2 ** 24)];
        const numbers = numbersOf(String(seed), channels, progress);
        const { momentum, start, skip } = any;
        const correction = estimator === "unbiased" ? m / (m - 1) : 1;
        const actual = await update(numbers, { momentum, start, correction, skip });
        const expected = exactly(numbers, { updates, weight }, any, { m, estimator });
        const [mean, variance, [counted, weighed, skipped, wraps]] = actual as [
          number[],
          number[],
          [number, number, number, number],
        ];
        const largest = (...all: ArrayLike<number>[]): number =>
          Math.max(...all.flatMap((each) => Array.from(each, Math.abs)));
        const scale = largest(numbers.mean, numbers.runningMean);
        const square = largest(numbers.variance, numbers.runningVariance) * correction;
        for (let c = 0; c < channels; c++) {
          expect(Math.abs(mean[c]! - expected.mean[c]!)).toBeLessThanOrEqual(5e-7 * scale);
          expect(Math.abs(variance[c]! - expected.variance[c]!)).toBeLessThanOrEqual(5e-7 * square);
        }
        expect(counted + wraps * 2 ** 24).toBe(expected.updates);
        expect(counted).toBeLessThan(2 ** 24);
        expect(Math.abs(weighed - expected.weight)).toBeLessThanOrEqual(2e-7);
        expect(skipped).toBe(2);
      }),
      { seed: 20261121, numRuns: 100 },
    );
  });

  test("a momentum near 1 keeps its digits", async () => {
    const numbers = { ...numbersOf("long", 3), runningMean: [0, 0, 0], meanLow: [0, 0, 0] };
    const [mean] = await update(numbers, { ...plain, momentum: 0.9999 });
    // 1 − 0.9999 of float32 is 2e-4 off; two roundings are not.
    for (let c = 0; c < 3; c++) expect(mean![c]! / numbers.mean[c]! / 1e-4).toBeCloseTo(1, 6);
  });

  test("a momentum near 0 keeps its digits", async () => {
    const numbers = { ...numbersOf("short", 3), meanLow: [0, 0, 0], runningMean: [1e6, 1e6, 1e6] };
    const [mean] = await update(numbers, { ...plain, momentum: 1e-6 });
    // 1 − (1 − 1e-6) of float32 is 5 % off.
    const ratios = mean!.map((value, c) => value / (numbers.mean[c]! * (1 - 1e-6) + 1));
    for (const ratio of ratios) expect(ratio).toBeCloseTo(1, 6);
  });

  test.each([
    { start: "first-batch" as const, momentum: 0.9 },
    { start: "debiased" as const, momentum: 0.9 },
    { start: "zero-one" as const, momentum: "cumulative" as const },
    { start: "zero-one" as const, momentum: 0 },
  ])("nothing of the start is left by the first batch, $start, $momentum", async (rule) => {
    const [mean, variance] = await update(
      {
        ...{ mean: [1e-9, 2, 3], meanLow: [0, 0, 0], variance: [1e-12, 2, 3] },
        ...{ runningMean: [1, 1e30, Number.NaN], runningVariance: [1, 1e30, Number.NaN] },
        progress: [0, 0, 0, 0],
      },
      { ...plain, ...rule },
    );
    expect(mean).toEqual([Math.fround(1e-9), 2, 3]);
    expect(variance).toEqual([Math.fround(1e-12), 2, 3]);
  });

  const bad = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const places = [
    [1, 0],
    [4, 3],
    [5, 0],
    [5, 4],
    [1001, 1000],
    [1001, 517],
  ] as const;

  test.each(places)(
    "of %i channels, one that is not finite skips the batch: %i",
    async (channels, c) => {
      const progress = [2 ** 24 - 1, 0.75, 6, 1];
      const numbers = numbersOf("bad", channels, progress);
      for (const value of bad) {
        const variance = Float32Array.from(numbers.variance);
        variance[c] = value;
        const [mean, spread, next] = await update(
          { ...numbers, variance },
          { ...plain, skip: true },
        );
        expect(mean).toEqual(Array.from(numbers.runningMean));
        expect(spread).toEqual(Array.from(numbers.runningVariance));
        expect(next).toEqual([2 ** 24 - 1, 0.75, 7, 1]);
      }
    },
  );

  test("a variance that its correction takes beyond float32 skips the batch", async () => {
    const variance = [1, 2e38, 1];
    const numbers = { ...numbersOf("huge", 3), variance };
    const counted = async (correction: number): Promise<number | undefined> =>
      (await update(numbers, { ...plain, skip: true, correction }))[2]?.[0];
    expect(await counted(1)).toBe(4);
    expect(await counted(2)).toBe(3);
  });

  test("a batch that is not finite enters when it is told to, in its channel alone", async () => {
    const numbers = numbersOf("told", 3);
    for (const value of bad) {
      const entered = { ...numbers, mean: [1, value, 1], variance: [1, value, 1] };
      const [mean, variance, next] = await update(entered, plain);
      expect(mean!.map(Number.isFinite)).toEqual([true, false, true]);
      expect(variance!.map(Number.isFinite)).toEqual([true, false, true]);
      expect(next).toEqual([4, expect.closeTo(0.55, 6), 0, 0]);
    }
  });

  test("what lies behind the last channel of a texture skips nothing", async () => {
    const tensors = tensorsOf(numbersOf("texture", 3));
    // The empty places of a texture hold 0, then −1, then its root.
    const variance = tf.tidy(() => tf.sqrt(tf.sub(tf.tensor1d([2, 5, 10]), 1)));
    const [, , next] = await updateTensors({ ...tensors, variance }, { ...plain, skip: true });
    expect(next?.[0]).toBe(4);
  });

  test("another momentum, correction or number of channels compiles nothing anew", async () => {
    await update(numbersOf("one", 4), plain);
    const before = compiledPrograms();
    await update(numbersOf("one", 4), { ...plain, momentum: 0.5 });
    await update(numbersOf("other", 6), { ...plain, momentum: 0.99, correction: 1.5 });
    expect(before.length).toBeGreaterThanOrEqual(3);
    expect(compiledPrograms()).toEqual(before);
  });
});
