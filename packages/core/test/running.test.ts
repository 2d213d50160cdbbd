import {
  computeMoments,
  createRunningStatistics,
  emptyMoments,
  layoutOf,
  type Moments,
  type RunningRule,
  type RunningStatistics,
  updateRunning,
} from "@batchnorm/core";
import { describe, expect, test } from "vitest";
import { normals } from "./random.ts";
import { expectRefusal } from "./refusal.ts";

const rule: RunningRule = {
  name: "layer",
  momentum: 0.9,
  start: "zero-one",
  varianceEstimator: "biased",
  onNonFinite: "throw",
};
const batch = (...values: number[]): Moments =>
  computeMoments(Float64Array.from(values), layoutOf([values.length, 1]));

/** The running mean and variance of one channel after some batches. */
function after(batches: Moments[], change: Partial<RunningRule>): RunningStatistics {
  const running = createRunningStatistics(1);
  for (const moments of batches) updateRunning(running, moments, { ...rule, ...change });
  return running;
}

describe("momentum", () => {
  test("weighs the old value", () => {
    const { mean, variance } = after([batch(9, 11)], { momentum: 0.9 });
    expect(mean[0]).toBeCloseTo(1, 15);
    expect(variance[0]).toBeCloseTo(0.9 * 1 + 0.1 * 1, 15);
  });

  test("0 keeps the last batch alone, and 1 the start", () => {
    const batches = [batch(1e9, 3e9), batch(4, 8)];
    expect(after(batches, { momentum: 0 })).toMatchObject({
      mean: Float64Array.of(6),
      variance: Float64Array.of(4),
    });
    expect(after(batches, { momentum: 1 })).toMatchObject({
      mean: Float64Array.of(0),
      variance: Float64Array.of(1),
      weight: 0,
      updates: 2,
    });
  });

  test('"cumulative" counts every batch once, whatever its size and the start', () => {
    const batches = [batch(1, 3), batch(10, 10, 10, 10), batch(0, 6, 0)];
    for (const start of ["zero-one", "first-batch", "debiased"] as const) {
      const { mean, variance } = after(batches, { momentum: "cumulative", start });
      expect(mean[0]).toBeCloseTo((2 + 10 + 2) / 3, 14);
      expect(variance[0]).toBeCloseTo((1 + 0 + 8) / 3, 14);
    }
  });

  test("is refused outside [0, 1], and at 1 with a debiased start", () => {
    const running = createRunningStatistics(1);
    for (const change of [{ momentum: 1.5 }, { momentum: 1, start: "debiased" as const }]) {
      expectRefusal("ERR_BATCHNORM_OPTION", () =>
        updateRunning(running, batch(1, 2), { ...rule, ...change }),
      );
    }
    expect(running).toEqual(createRunningStatistics(1));
  });
});

test("weight is what batches weigh beside the initial 0 and 1, whatever the momenta", () => {
  const running = createRunningStatistics(1);
  updateRunning(running, batch(10, 10), { ...rule, momentum: 0.9 });
  updateRunning(running, batch(10, 10), { ...rule, momentum: "cumulative" });
  expect(running.weight).toBeCloseTo(0.55, 15);
  expect(running.mean[0]).toBeCloseTo(5.5, 14);
  expect(after([batch(1, 2), batch(1, 3)], { momentum: "cumulative" }).weight).toBe(1);
});

describe("start", () => {
  const batches = [batch(1, 3), batch(4, 8), batch(-1, 1)];

  test("zero-one lets 0 and 1 fade out", () => {
    const { mean, variance, weight } = after(batches, { momentum: 0.5 });
    expect(mean[0]).toBeCloseTo(0.25 * 0.5 * 2 + 0.5 * 0.5 * 6 + 0.5 * 0, 15);
    expect(variance[0]).toBeCloseTo(0.125 * 1 + 0.125 * 1 + 0.25 * 4 + 0.5 * 1, 15);
    expect(weight).toBe(1 - 0.5 ** 3);
  });

  test("first-batch replaces them by the first batch", () => {
    const one = after(batches.slice(0, 1), { start: "first-batch" });
    expect(one).toMatchObject({
      mean: Float64Array.of(2),
      variance: Float64Array.of(1),
      weight: 1,
    });
    const { mean } = after(batches.slice(0, 2), { start: "first-batch", momentum: 0.75 });
    expect(mean[0]).toBe(0.75 * 2 + 0.25 * 6);
  });

  test("debiased is the mean of all batches weighted by momentum^age", () => {
    const momentum = 0.9;
    const weights = [momentum ** 2, momentum, 1];
    const total = weights.reduce((a, b) => a + b);
    const { mean, variance } = after(batches, { start: "debiased", momentum });
    const expected = (values: number[]): number =>
      values.reduce((sum, value, i) => sum + (value * (weights[i] as number)) / total, 0);
    expect(mean[0]).toBeCloseTo(expected([2, 6, 0]), 14);
    expect(variance[0]).toBeCloseTo(expected([1, 4, 1]), 14);
  });

  test("debiased stays right when momentum changes on the way", () => {
    const running = createRunningStatistics(1);
    const momenta = [0.5, 0.99, 0.8];
    for (const [i, momentum] of momenta.entries()) {
      updateRunning(running, batches[i] as Moments, { ...rule, start: "debiased", momentum });
    }
    const weights = [0.5 * 0.99 * 0.8, 0.01 * 0.8, 0.2];
    const total = weights.reduce((a, b) => a + b);
    expect(running.weight).toBeCloseTo(total, 15);
    const mean = (2 * weights[0]! + 6 * weights[1]! + 0) / total;
    expect(running.mean[0]).toBeCloseTo(mean, 13);
  });
});

test("the estimator decides which variance enters", () => {
  const momentum = 0;
  expect(after([batch(1, 2, 3, 6)], { momentum }).variance[0]).toBe(14 / 4);
  expect(after([batch(1, 2, 3, 6)], { momentum, varianceEstimator: "unbiased" }).variance[0]).toBe(
    14 / 3,
  );
  expect(after([batch(5)], { momentum, varianceEstimator: "unbiased" }).variance[0]).toBe(0);
});

test("values per channel are known until they vary", () => {
  const known = (...batches: Moments[]): number | null => after(batches, {}).valuesPerChannel;
  expect(known()).toBeNull();
  expect(known(batch(1, 2))).toBe(2);
  expect(known(batch(1, 2), batch(3, 4))).toBe(2);
  expect(known(batch(1, 2), batch(3, 4, 5))).toBeNull();
  expect(known(batch(1, 2), batch(3, 4, 5), batch(1, 2))).toBeNull();
});

test("an empty batch changes nothing, not even the count", () => {
  const running = after([batch(1, 2)], {});
  const before = structuredClone(running);
  expect(updateRunning(running, emptyMoments(1), rule)).toBe(false);
  expect(running).toEqual(before);
});

describe("a batch that is not finite", () => {
  const two = (...values: number[]): Moments =>
    computeMoments(Float64Array.from(values), layoutOf([values.length / 2, 2]));
  const good = two(1, 2, 3, 4);
  const first = two(Number.NaN, 2, 3, 4);
  const bad = [
    two(1, Number.NaN, 3, 4),
    two(1, 2, 3, Number.POSITIVE_INFINITY),
    two(1, 1e200, 3, -1e200),
  ];
  const trained = (): RunningStatistics => {
    const running = createRunningStatistics(2);
    updateRunning(running, good, rule);
    return running;
  };

  test.each(bad)("throws, names layer, channel and step, and changes nothing", (moments) => {
    const running = trained();
    const error = expectRefusal("ERR_BATCHNORM_NON_FINITE", () =>
      updateRunning(running, moments, rule),
    );
    expect(error.message).toMatch(/^layer: the batch of step 2 .* channel 1;/);
    expect(running).toEqual(trained());
  });

  test.each(bad)("is skipped whole: all channels and the count", (moments) => {
    const running = trained();
    expect(updateRunning(running, moments, { ...rule, onNonFinite: "skip" })).toBe(false);
    expect(running).toEqual(trained());
  });

  test("is seen in the first channel too", () => {
    const running = trained();
    expect(updateRunning(running, first, { ...rule, onNonFinite: "skip" })).toBe(false);
    expect(running).toEqual(trained());
  });

  test("that entered is forgotten at momentum 0", () => {
    const running = trained();
    updateRunning(running, first, { ...rule, onNonFinite: "propagate" });
    updateRunning(running, good, { ...rule, momentum: 0 });
    expect(running.mean).toEqual(good.mean);
  });

  test("propagates when told to", () => {
    const running = trained();
    expect(updateRunning(running, bad[0] as Moments, { ...rule, onNonFinite: "propagate" })).toBe(
      true,
    );
    expect(Array.from(running.mean, Number.isNaN)).toEqual([false, true]);
    expect(running.updates).toBe(2);
  });

  test("is caught by its mean too", () => {
    const mean = Float64Array.of(Number.POSITIVE_INFINITY);
    expectRefusal("ERR_BATCHNORM_NON_FINITE", () =>
      updateRunning(createRunningStatistics(1), { ...batch(1, 2), mean }, rule),
    );
  });
});

test("moments of other channels are refused, and nothing changes", () => {
  const running = createRunningStatistics(2);
  for (const channels of [1, 3]) {
    expectRefusal("ERR_BATCHNORM_SHAPE", () =>
      updateRunning(running, emptyMoments(channels), rule),
    );
  }
  expect(running).toEqual(createRunningStatistics(2));
  expectRefusal("ERR_BATCHNORM_SHAPE", () => createRunningStatistics(0));
});

test("thousands of batches from one distribution find its mean and variance", () => {
  const running = createRunningStatistics(1);
  for (let step = 0; step < 2000; step++) {
    const x = normals(`step ${step}`, 32, 5, 3);
    const moments = computeMoments(x, layoutOf([32, 1]));
    updateRunning(running, moments, {
      ...rule,
      momentum: 0.999,
      start: "debiased",
      varianceEstimator: "unbiased",
    });
  }
  // About 1/(1 − 0.999) batches of 32 count: the mean is good to 3/√32,000 = 0.017, four times that.
  expect(Math.abs((running.mean[0] as number) - 5)).toBeLessThan(0.07);
  expect(Math.abs((running.variance[0] as number) - 9)).toBeLessThan(0.3);
});
