import {
  BatchNorm,
  computeMoments,
  emptyMoments,
  layoutOf,
  type Moments,
  mergeMoments,
  type PopulationStatistics,
  populationStatistics,
  varianceOf,
  withPopulation,
} from "@batchnorm/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normals } from "./random.ts";
import { expectRefusal } from "./refusal.ts";

const moments = (...rows: readonly (readonly number[])[]): Moments =>
  computeMoments(Float64Array.from(rows.flat()), layoutOf([rows.length, rows[0]?.length ?? 1]));

// Channel 0: μ = 2, 4 and σ² = 1, 6; channel 1: μ = 10, 12 and σ² = 0, 2.
const two = moments([1, 10], [3, 10]);
const three = moments([1, 10], [4, 12], [7, 14]);
const empty = emptyMoments(2);

describe("exact population statistics", () => {
  test("are those of all values together, however they are split", () => {
    const split = fc.record({
      seed: fc.integer(),
      sizes: fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 12 }),
      mean: fc.constantFrom(0, 1e4, 1e9),
      rule: fc.constantFrom("biased", "unbiased"),
    });
    fc.assert(
      fc.property(split, ({ seed, sizes, mean, rule }) => {
        const rows = sizes.reduce((a, b) => a + b);
        fc.pre(rows > 1);
        const x = normals(`${seed}`, rows * 3, mean, 2);
        const whole = computeMoments(x, layoutOf([rows, 3]));
        let start = 0;
        const batches = sizes.map((size) => {
          const batch = x.subarray(start * 3, (start + size) * 3);
          start += size;
          return computeMoments(batch, layoutOf([size, 3]));
        });
        const population = populationStatistics(batches, rule);
        expect(population).toMatchObject({ count: rows, varianceEstimator: rule });
        expect(population.batches).toBe(sizes.filter((size) => size > 0).length);
        const variance = varianceOf(whole, rule);
        for (const c of [0, 1, 2]) {
          const [mu, v] = [whole.mean[c] as number, variance[c] as number];
          expect(Math.abs((population.mean[c] as number) - mu)).toBeLessThan(
            1e-12 * (1 + Math.abs(mu)),
          );
          // A float64 near 1e9 is itself 1e-7 apart; the variance of these very floats is not.
          expect(Math.abs((population.variance[c] as number) - v)).toBeLessThan(1e-12 * (1 + v));
        }
      }),
      { seed: 20150211, numRuns: 200 },
    );
  });

  test("are M2 / n or M2 / (n − 1) in exact integers", () => {
    // Channel 0 holds 1, 3, 1, 4, 7: mean 16/5, M2 = 76 − 256/5 = 124/5.
    const biased = populationStatistics([two, three], "biased");
    expect(biased.mean[0]).toBeCloseTo(3.2, 14);
    expect(biased.variance[0]).toBeCloseTo(24.8 / 5, 14);
    expect(biased).toMatchObject({ count: 5, batches: 2, valuesPerChannel: 5 });
    expect(populationStatistics([two, three]).variance[0]).toBeCloseTo(24.8 / 4, 14);
  });

  test("take an empty batch as nothing", () => {
    const statistics = populationStatistics([empty, two, empty, three, empty]);
    expect(statistics).toEqual(populationStatistics([two, three]));
  });

  test("leave the moments of the batches alone, which may be one object overwritten", () => {
    const before = structuredClone(two);
    const shared = emptyMoments(2);
    const batches = function* (): Generator<Moments> {
      for (const batch of [two, three]) yield mergeMoments(batch, empty, shared);
    };
    for (const rule of ["unbiased", "algorithm-2"] as const) {
      expect(populationStatistics(batches(), rule)).toEqual(
        populationStatistics([two, three], rule),
      );
    }
    expect(two).toEqual(before);
  });
});

describe("Algorithm 2", () => {
  test("is E[μ_B] and E[m / (m − 1) · σ²_B] over batches, in exact integers", () => {
    expect(populationStatistics([two, three], "algorithm-2")).toEqual({
      mean: Float64Array.of((2 + 4) / 2, (10 + 12) / 2),
      variance: Float64Array.of((2 * 1 + (3 / 2) * 6) / 2, (2 * 0 + (3 / 2) * (8 / 3)) / 2),
      varianceEstimator: "unbiased",
      count: 5,
      batches: 2,
      valuesPerChannel: null,
    } satisfies PopulationStatistics);
  });

  test("keeps the batches' m while it does not vary", () => {
    const { valuesPerChannel, count } = populationStatistics([two, two, two], "algorithm-2");
    expect([valuesPerChannel, count]).toEqual([2, 6]);
  });

  test("leaves out how far the means lie apart, as the exact statistics do not", () => {
    const far = [moments([0], [2]), moments([100], [102])];
    expect(populationStatistics(far, "algorithm-2").variance[0]).toBe(2);
    expect(populationStatistics(far, "biased").variance[0]).toBe(1 + 50 ** 2);
  });

  test("skips an empty batch, which has no mean to average", () => {
    const statistics = populationStatistics([empty, two, empty, three], "algorithm-2");
    expect(statistics).toEqual(populationStatistics([two, three], "algorithm-2"));
  });

  test("rounds the mean once at 1e15, where floats lie 0.125 apart", () => {
    // μ_B = 1e15 + 1/16, three times, which rounds to 1e15, and 1e15 + 1/8: 1e15 + 5/64 together.
    const batches = [0, 0, 0, 0.125].map((least) => moments([1e15 + least], [1e15 + 0.125]));
    const { mean, variance } = populationStatistics(batches, "algorithm-2");
    expect(mean[0]).toBe(1e15 + 0.125);
    expect(variance[0]).toBe((3 * 0.125 ** 2) / 2 / 4);
  });

  test("refuses a batch of one value per channel, and names it", () => {
    const { message } = expectRefusal("ERR_BATCHNORM_TOO_FEW_VALUES", () =>
      populationStatistics([empty, two, moments([1, 2])], "algorithm-2"),
    );
    expect(message).toContain("batch 2");
  });
});

// In circulation: "inference statistics are gamma and beta, averaged over the images".
test("inference statistics average μ_B and σ²_B over mini-batches, not gamma and beta over images", () => {
  const images = [1, 3, 5, 7, 2, 12];
  const batches = [images.slice(0, 4), images.slice(4)];
  const layer = new BatchNorm(1, { momentum: "cumulative", epsilon: 1e-3 });
  const seen = batches.map((batch, step) => {
    layer.gamma?.fill(10 + step);
    layer.beta?.fill(-10 - step);
    const x = Float64Array.from(batch);
    layer.forward(x, [batch.length, 1], { training: true });
    return computeMoments(x, layoutOf([batch.length, 1]));
  });
  const { mean, variance } = populationStatistics(seen, "algorithm-2");
  // μ_B = 4, 7 and m / (m − 1) · σ²_B = 20/3, 50: over 2 mini-batches, not 6 images.
  expect(mean[0]).toBe(5.5);
  expect(variance[0]).toBeCloseTo((20 / 3 + 50) / 2, 13);
  expect(layer.running?.mean[0]).toBeCloseTo(5.5, 13);
  expect(layer.running?.variance[0]).toBeCloseTo(variance[0] as number, 13);
  const ofImages = computeMoments(Float64Array.from(images), layoutOf([6, 1]));
  expect(ofImages.mean[0]).toBe(5);
  for (const wrong of [10.5, -10.5, 21 / 6, -21 / 6]) {
    expect(mean[0]).not.toBeCloseTo(wrong, 1);
    expect(variance[0]).not.toBeCloseTo(wrong, 1);
  }
});

describe.each(["unbiased", "algorithm-2"] as const)("population statistics, %s, refuse", (rule) => {
  test("no batch, and none but empty ones", () => {
    for (const batches of [[], [empty, empty]]) {
      expectRefusal("ERR_BATCHNORM_TOO_FEW_VALUES", () => populationStatistics(batches, rule));
    }
  });

  test("one value per channel in all", () => {
    const single = [moments([1, 2])];
    expectRefusal("ERR_BATCHNORM_TOO_FEW_VALUES", () => populationStatistics(single, rule));
  });

  test("a batch with NaN or infinity, and name it and the channel", () => {
    for (const bad of [Number.NaN, Infinity]) {
      const batches = [two, moments([1, bad], [2, 0])];
      const call = (): unknown => populationStatistics(batches, rule);
      const { message } = expectRefusal("ERR_BATCHNORM_NON_FINITE", call);
      expect(message).toMatch(/batch 1 .* channel 1/);
    }
  });

  test("other channels than the batches before, and what are no moments", () => {
    const call = (...batches: unknown[]): void => {
      expectRefusal("ERR_BATCHNORM_SHAPE", () => populationStatistics(batches as Moments[], rule));
    };
    call(two, moments([1], [2]));
    call({ ...two, count: 1.5 });
    call({ ...two, m2: new Float64Array(3) });
  });
});

test("an unknown rule is refused", () => {
  expectRefusal("ERR_BATCHNORM_OPTION", () => populationStatistics([two], "paper" as "biased"));
});

describe("a state with a population's statistics", () => {
  const state = new BatchNorm(2, { name: "hidden", start: "zero-one" }).toState();
  const population = populationStatistics([two, three]);

  test("has them as its own, and nothing of the start left", () => {
    const before = structuredClone(state);
    expect(withPopulation(state, population)).toEqual({
      ...state,
      runningMean: Array.from(population.mean),
      runningVariance: Array.from(population.variance),
      updates: 2,
      weight: 1,
      valuesPerChannel: 5,
    });
    expect(state).toEqual(before);
  });

  test.each([
    { start: "zero-one", momentum: 0.75 },
    { start: "first-batch", momentum: 0.75 },
    { start: "debiased", momentum: 0.75 },
    { momentum: "cumulative" },
  ] as const)("goes on from there with %j", (options) => {
    const layer = BatchNorm.fromState(
      withPopulation(new BatchNorm(2, options).toState(), population),
    );
    layer.forward(Float64Array.of(0, 0, 2, 2), [2, 2], { training: true });
    const keep = options.momentum === "cumulative" ? 2 / 3 : 0.75;
    const running = layer.running as NonNullable<typeof layer.running>;
    expect(running.mean[0]).toBeCloseTo(keep * 3.2 + (1 - keep) * 1, 14);
    expect(running.variance[0]).toBeCloseTo(keep * 6.2 + (1 - keep) * 2, 14);
    expect(running).toMatchObject({ updates: 3, weight: 1, valuesPerChannel: null });
  });

  test("keeps its variance when Batch Renormalization goes on from there", () => {
    const options = { renorm: {}, momentum: 0.75, start: "zero-one" } as const;
    const before = new BatchNorm(2, options).toState();
    const replaced = withPopulation(before, population);
    expect(replaced.renorm).toMatchObject({ mean: [0, 0], deviation: [1, 1] });
    const layer = BatchNorm.fromState(replaced);
    layer.forward(Float64Array.of(0, 0, 2, 2), [2, 2], { training: true });
    const moved = 0.75 * Math.sqrt(6.2 + 1e-5) + 0.25 * Math.sqrt(1 + 1e-5);
    expect(layer.running?.variance[0]).toBeCloseTo(moved ** 2 - 1e-5, 13);
  });

  test("turns the biased variance to the unbiased one by m / (m − 1)", () => {
    const biased = populationStatistics([two, three], "biased");
    const from = { ...state, varianceEstimator: "biased" } as const;
    const { runningVariance, valuesPerChannel } = withPopulation(from, biased);
    const m = valuesPerChannel as number;
    const [v] = runningVariance as readonly number[];
    expect(((v as number) * m) / (m - 1)).toBeCloseTo(population.variance[0] as number, 14);
  });

  test("is refused another estimator, number of channels, and a layer that keeps none", () => {
    const none = new BatchNorm(2, { trackRunningStatistics: false }).toState();
    const wider = new BatchNorm(3).toState();
    const keras = { ...state, varianceEstimator: "biased" } as const;
    for (const other of [none, wider, keras, { ...state, weight: 2 }]) {
      expectRefusal("ERR_BATCHNORM_STATE", () => withPopulation(other, population));
    }
    const huge = { ...population, variance: Float64Array.of(1, Infinity) };
    expectRefusal("ERR_BATCHNORM_STATE", () => withPopulation(state, huge));
  });
});
