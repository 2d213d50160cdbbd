import {
  BatchNorm,
  type BatchNormOptions,
  type BatchNormState,
  computeMoments,
  emptyMoments,
  layoutOf,
  type Moments,
} from "@batchnorm/core";
import {
  type DiagnosisLimits,
  defaultLimits,
  diagnose,
  type Finding,
} from "@batchnorm/core/diagnosis";
import { describe, expect, test } from "vitest";
import { normals } from "./random.ts";
import { expectRefusal } from "./refusal.ts";

const rows = (x: Float64Array): Moments => computeMoments(x, layoutOf([x.length / 3, 3]));

/** A layer of three channels, after `steps` batches of `m` values from N(0, 1). */
function trained(options: BatchNormOptions = {}, steps = 50, m = 32): BatchNormState {
  const layer = new BatchNorm(3, { name: "hidden", momentum: 0.9, ...options });
  for (let step = 0; step < steps; step++) {
    layer.forward(normals(`train ${step}`, 3 * m), [m, 3], { training: true });
  }
  return layer.toState();
}
const healthy = trained();
const withState = (change: Partial<BatchNormState>): BatchNormState => ({ ...healthy, ...change });

/** Moments of m = 1,000 values of N(mean, variance) in channel 1, and of N(0, 1) in the others. */
function batchWith(mean: number, deviation: number): Moments {
  const x = normals("batch", 3000);
  return rows(x.map((value, i) => (i % 3 === 1 ? mean + deviation * value : value)));
}

/** The only finding there is. */
function only(findings: Finding[]): Finding {
  expect(findings.map(({ problem }) => problem)).toHaveLength(1);
  expect(findings[0]?.layer).toBe("hidden");
  return findings[0] as Finding;
}

describe("a healthy layer", () => {
  test.each<BatchNormOptions>([
    {},
    { start: "zero-one" },
    { start: "first-batch" },
    { momentum: "cumulative" },
    { momentum: 0 },
    { varianceEstimator: "biased" },
    { scale: false, center: false },
    { trackRunningStatistics: false },
  ])("with %j has no finding", (options) => {
    const state = trained(options);
    expect(diagnose(state)).toEqual([]);
    expect(diagnose(state, null)).toEqual([]);
    expect(diagnose(state, emptyMoments(3))).toEqual([]);
    expect(diagnose(state, rows(normals("more", 96)))).toEqual([]);
  });

  // 2,000 batches of three channels: five standard errors and the practical margin let all pass.
  test.each([8, 32, 500])("has no finding for other batches of %d values", (m) => {
    for (const momentum of [0.5, 0.99]) {
      const state = trained({ momentum }, 20, m);
      for (let seed = 0; seed < 1000; seed++) {
        expect(diagnose(state, rows(normals(`other ${m} ${seed}`, 3 * m)))).toEqual([]);
      }
    }
  });
});

describe("diagnose finds", () => {
  test("parameters that are not finite, and says which number it is", () => {
    const finding = only(diagnose(withState({ gamma: [1, Number.NaN, 1] })));
    expect(finding).toMatchObject({ problem: "non-finite-parameter", channels: [1] });
    expect(finding.value).toBeNaN();
    expect(finding.message).toBe("channel 1: gamma or beta is NaN, and so is every y");
    const beta = [Number.POSITIVE_INFINITY, 0, Number.NEGATIVE_INFINITY];
    expect(only(diagnose(withState({ beta })))).toMatchObject({
      channels: [0, 2],
      value: Infinity,
    });
  });

  test("what JSON has made of a NaN", () => {
    const state = JSON.parse(JSON.stringify(withState({ runningMean: [0, Number.NaN, 0] })));
    expect(only(diagnose(state, batchWith(0, 1)))).toMatchObject({
      problem: "bad-running-statistics",
      channels: [1],
    });
  });

  test("negative and non-finite running statistics", () => {
    const bad = withState({ runningVariance: [1, 1, -0.5] });
    expect(diagnose(bad, batchWith(0, 1))).toEqual(diagnose(bad));
    const negative = only(diagnose(bad));
    expect(negative).toMatchObject({
      problem: "bad-running-statistics",
      channels: [2],
      value: -0.5,
    });
    const infinite = only(
      diagnose(withState({ runningVariance: [1, Infinity, 1] }), batchWith(0, 1)),
    );
    expect(infinite).toMatchObject({ channels: [1], value: Infinity });
  });

  test("data that are not finite", () => {
    const finding = only(diagnose(healthy, batchWith(Number.NaN, 1)));
    expect(finding).toMatchObject({ problem: "non-finite-batch", channels: [1] });
    expect(finding.value).toBeNaN();
  });

  test("a dead gamma, the deadest of them in front", () => {
    const finding = only(diagnose(withState({ gamma: [1e-4, 1, -1e-9] })));
    expect(finding).toMatchObject({ problem: "dead-gamma", channels: [0, 2], value: -1e-9 });
    expect(finding.message).toBe("channels 0, 2: gamma is -1e-9, so y is beta whatever x is");
    expect(finding.advice).toContain("prune");
  });

  test("an exploding gamma", () => {
    const finding = only(diagnose(withState({ gamma: [1, -1234.5, 200] })));
    expect(finding).toMatchObject({ problem: "exploding-gamma", channels: [1, 2], value: -1234.5 });
    expect(finding.message).toContain("-1230");
  });

  test.each<BatchNormOptions>([{}, { start: "zero-one", momentum: 0.99 }])(
    "a channel that never varied, with %j",
    (options) => {
      const layer = new BatchNorm(3, { name: "hidden", ...options });
      for (let step = 0; step < 50; step++) {
        const x = normals(`constant ${step}`, 96).map((value, i) => (i % 3 === 2 ? 7 : value));
        layer.forward(x, [32, 3], { training: true });
      }
      const findings = diagnose(layer.toState());
      const zero = findings.find(({ problem }) => problem === "zero-running-variance");
      expect(zero).toMatchObject({ channels: [2] });
      // 0.99^50, which the initial 1 still weighs.
      expect(zero?.value).toBeCloseTo(options.start ? 0.605 : 0, 3);
    },
  );

  test("data that do not vary", () => {
    const findings = diagnose(healthy, batchWith(3, 0));
    expect(findings.map(({ problem }) => problem)).toEqual(["zero-batch-variance", "mean-shift"]);
    expect(findings[0]).toMatchObject({ channels: [1], value: 0 });
    expect(findings[0]?.message).toContain("all 1000 values");
  });

  test("statistics that no batch has entered", () => {
    const finding = only(
      diagnose(new BatchNorm(3, { name: "hidden" }).toState(), batchWith(90, 1)),
    );
    expect(finding).toMatchObject({ problem: "few-updates", channels: [0, 1, 2], value: 0 });
    expect(finding.message).toMatch(/^every channel: no batch has entered/);
  });

  test("statistics of few batches", () => {
    const finding = only(diagnose(trained({}, 3)));
    expect(finding).toMatchObject({ problem: "few-updates", value: 3 });
    expect(diagnose(trained({}, 3), null, { fewUpdates: 3 })).toEqual([]);
  });

  test("what the initial 0 and 1 still weigh, and for how long", () => {
    const finding = only(diagnose(trained({ start: "zero-one", momentum: 0.99 }, 100)));
    expect(finding.problem).toBe("initial-share");
    expect(finding.value).toBeCloseTo(0.99 ** 100, 12);
    // 0.99^459 is the first power below 0.01.
    expect(finding.message).toBe(
      "every channel: the initial mean 0 and variance 1 still weigh 36.6 %, above 1 %, for 359 more updates",
    );
  });

  test("an initial 0 and 1 that no training fades out", () => {
    const finding = only(diagnose(trained({ start: "zero-one", momentum: 1 })));
    expect(finding).toMatchObject({ problem: "initial-share", value: 1 });
    expect(finding.message).toMatch(/still weigh 100 %, above 1 %$/);
  });

  test("too few values per channel, in training or in the given data", () => {
    const training = only(diagnose(trained({}, 50, 4)));
    expect(training).toMatchObject({ problem: "few-values", value: 4 });
    expect(training.message).toContain("tells the variance to 81.6 % only");
    const given = only(diagnose(healthy, rows(normals("few", 3))));
    expect(given).toMatchObject({ problem: "few-values", value: 1 });
    expect(given.message).toContain("a batch of one value has no variance");
  });

  test("a mean that has moved", () => {
    const finding = only(diagnose(healthy, batchWith(-2, 1)));
    expect(finding).toMatchObject({ problem: "mean-shift", channels: [1] });
    // Standard errors: 1/√1000 of the batch, √(0.053/32) of the running mean.
    expect(Math.abs(finding.value + 2)).toBeLessThan(5 * Math.sqrt(1 / 1000 + 0.053 / 32));
    expect(diagnose(healthy, batchWith(-2, 1), { meanShift: 3 })).toEqual([]);
  });

  test.each([0.2, 5])("a deviation that is %d times the running one", (factor) => {
    const finding = only(diagnose(healthy, batchWith(0, factor)));
    expect(finding).toMatchObject({ problem: "variance-ratio", channels: [1] });
    // Standard errors: √(2/999) of the batch, √(0.053 · 2/31) of the running variance.
    expect(finding.value / factor ** 2).toBeGreaterThan(0.6);
    expect(finding.value / factor ** 2).toBeLessThan(1.7);
    expect(diagnose(healthy, batchWith(0, factor), { varianceRatio: 100 })).toEqual([]);
  });

  test("the variance that is farthest off, whichever way", () => {
    const state = withState({ runningVariance: [10, 0.01, 1] });
    const finding = only(diagnose(state, batchWith(0, 1)));
    expect(finding).toMatchObject({ problem: "variance-ratio", channels: [0, 1] });
    // 1 / 0.01, and five standard errors of √(2/999).
    expect(Math.abs(finding.value / 100 - 1)).toBeLessThan(5 * Math.sqrt(2 / 999));
  });

  test("imported statistics that do not fit, though nobody counted their updates", () => {
    const imported = withState({
      updates: 0,
      weight: 0,
      valuesPerChannel: null,
      start: "zero-one",
    });
    expect(diagnose(imported, batchWith(0, 1))).toEqual([]);
    expect(only(diagnose(imported, batchWith(9, 1))).problem).toBe("mean-shift");
  });

  test("a mean that float32 cannot tell the values apart at", () => {
    const finding = only(diagnose(withState({ runningMean: [0, -1e5, 0] })));
    expect(finding).toMatchObject({ problem: "mean-dominates", channels: [1] });
    expect(finding.value).toBeCloseTo(1e5 / Math.sqrt(healthy.runningVariance?.[1] ?? 0), 6);
    expect(finding.message).toMatch(/up to 0\.00\d+$/);
    const given = diagnose(healthy, batchWith(1e6, 1));
    expect(given.map(({ problem }) => problem)).toEqual(["mean-shift", "mean-dominates"]);
    const untracked = trained({ trackRunningStatistics: false });
    expect(only(diagnose(untracked, batchWith(1e6, 1))).problem).toBe("mean-dominates");
  });

  test("an epsilon that dominates", () => {
    const finding = only(diagnose(withState({ runningVariance: [1, 1e-5, 1e-6] })));
    expect(finding).toMatchObject({ problem: "epsilon-dominates", channels: [1, 2] });
    expect(finding.value).toBeCloseTo(10, 12);
    expect(finding.message).toContain(
      "epsilon is 10 times the variance, so xHat's deviation is 0.302",
    );
  });
});

test("findings come in one order, with every channel in the finding and five in the message", () => {
  const channels = 8;
  const layer = new BatchNorm(channels, { name: "wide" });
  layer.gamma?.set([0, 0, 0, 0, 0, 0, 0, 500]);
  const findings = diagnose(layer.toState());
  expect(findings.map(({ problem }) => problem)).toEqual([
    "dead-gamma",
    "exploding-gamma",
    "few-updates",
  ]);
  expect(findings[0]?.channels).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(findings[0]?.message).toMatch(/^channels 0, 1, 2, 3, 4 and 2 more: /);
  expect(findings).toEqual(diagnose(layer.toState()));
  const single = diagnose(new BatchNorm(1).toState());
  expect(single[0]?.message).toMatch(/^the only channel: /);
});

test("neither the state nor the moments are changed", () => {
  const state = withState({ gamma: [1, Number.NaN, -1] });
  const moments = batchWith(0, 1);
  const before = structuredClone({ state, moments });
  diagnose(state, moments);
  expect({ state, moments }).toEqual(before);
});

describe("limits", () => {
  test("an undefined one is the default", () => {
    expect(diagnose(trained({}, 3), null, { fewUpdates: undefined } as object)).toHaveLength(1);
    expect(Object.isFrozen(defaultLimits)).toBe(true);
  });

  test.each([{ deadgamma: 1 }, { deadGamma: -1 }, { deadGamma: "1" }, { fewUpdates: Number.NaN }])(
    "refuses %j",
    (limits) => {
      const call = () => diagnose(healthy, null, limits as Partial<DiagnosisLimits>);
      expectRefusal("ERR_BATCHNORM_OPTION", call);
    },
  );
});

test("refuses a malformed state and malformed moments", () => {
  const refused = (state: unknown) => () => diagnose(state as BatchNormState);
  expectRefusal("ERR_BATCHNORM_STATE", refused(null));
  expectRefusal("ERR_BATCHNORM_STATE", refused("state"));
  expectRefusal("ERR_BATCHNORM_STATE", refused({}));
  expectRefusal("ERR_BATCHNORM_STATE", refused(withState({ gamma: [1] })));
  expectRefusal("ERR_BATCHNORM_STATE", refused({ ...healthy, beta: "none" }));
  expectRefusal("ERR_BATCHNORM_OPTION", refused(withState({ epsilon: -1 })));
  expectRefusal("ERR_BATCHNORM_SHAPE", () => diagnose(healthy, emptyMoments(2)));
});
