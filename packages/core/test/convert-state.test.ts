import {
  BatchNorm,
  type BatchNormState,
  type Momentum,
  type Start,
  type VarianceEstimator,
} from "@batchnorm/core";
import { type ConvertOptions, convertState, fromPeer } from "@batchnorm/core/conventions";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normals } from "./random.ts";
import { expectRefusal } from "./refusal.ts";

interface Kind {
  readonly varianceEstimator: VarianceEstimator;
  readonly start: Start;
  readonly momentum: Momentum;
}

/** The state after batches of so many rows, two channels; sizes tell m where there is no space. */
function simulate(kind: Kind, sizes: readonly number[]): BatchNormState {
  const layer = new BatchNorm(2, { ...kind, onSingleValue: "beta" });
  for (const [step, rows] of sizes.entries()) {
    const x = normals(`batch ${step}`, rows * 2, 1 + step, 2);
    layer.forward(x, [rows, 2], { training: true });
  }
  return layer.toState();
}

function expectSame(actual: BatchNormState, expected: BatchNormState): void {
  const { runningMean, runningVariance, weight, ...rest } = actual;
  expect(expected).toMatchObject(rest);
  const pairs = [
    [runningMean, expected.runningMean],
    [runningVariance, expected.runningVariance],
    [[weight], [expected.weight]],
  ] as const;
  for (const [values, wanted] of pairs) {
    for (const [c, value] of (wanted ?? []).entries()) {
      // Dividing by the weight of one batch at momentum 0.99 costs two digits of sixteen.
      expect(Math.abs((values?.[c] as number) - value)).toBeLessThan(1e-12 * (1 + Math.abs(value)));
    }
  }
}

const anyKind: fc.Arbitrary<Kind> = fc.record({
  varianceEstimator: fc.constantFrom("biased", "unbiased"),
  start: fc.constantFrom("zero-one", "first-batch", "debiased"),
  momentum: fc.constantFrom<Momentum>(0.5, 0.9, 0.99, "cumulative"),
});
const zeroOne: Kind = { varianceEstimator: "biased", start: "zero-one", momentum: 0.9 };

describe("a conversion that claims to be exact gives what a layer of the other kind has", () => {
  test("whatever the kinds and the batches", () => {
    let claims = 0;
    fc.assert(
      fc.property(
        anyKind,
        anyKind,
        fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 }),
        fc.boolean(),
        (from, kind, some, constant) => {
          const sizes = constant ? some.map(() => some[0] as number) : some;
          // Another number as momentum is for the batches to come; the past cannot be compared.
          const numbers = from.momentum !== "cumulative" && kind.momentum !== "cumulative";
          const to = numbers ? { ...kind, momentum: from.momentum } : kind;
          const { state, exact, notes } = convertState(simulate(from, sizes), to);
          expect(exact).toBe(notes.length === 0);
          expect(state).toMatchObject(to);
          if (!exact) return;
          claims++;
          expectSame(state, simulate(to, sizes));
        },
      ),
      { seed: 8, numRuns: 2000 },
    );
    expect(claims).toBeGreaterThan(700);
  });

  test("biased to unbiased, with the initial 1 still in it", () => {
    const before = simulate(zeroOne, [4, 4, 4]);
    const { state, exact } = convertState(before, { varianceEstimator: "unbiased" });
    expect(exact).toBe(true);
    // p + (v − p) · m/(m − 1), p = 0.9³
    const variance = before.runningVariance?.[0] as number;
    const p = 0.9 ** 3;
    expect(state.runningVariance?.[0]).toBeCloseTo(p + ((variance - p) * 4) / 3, 14);
    expectSame(state, simulate({ ...zeroOne, varianceEstimator: "unbiased" }, [4, 4, 4]));
  });

  test("and back again", () => {
    const before = simulate(zeroOne, [4, 4, 4]);
    const there = convertState(before, { varianceEstimator: "unbiased", start: "debiased" });
    const back = convertState(there.state, { varianceEstimator: "biased", start: "zero-one" });
    expect(there.exact && back.exact).toBe(true);
    expectSame(back.state, before);
  });

  test("training goes on as if it had always been of that kind", () => {
    const sizes = [4, 4, 4, 4, 4, 4];
    const { state } = convertState(simulate(zeroOne, sizes.slice(3)), {
      varianceEstimator: "unbiased",
      start: "debiased",
    });
    const layer = BatchNorm.fromState(state);
    const x = normals("batch 3", 8, 4, 2);
    layer.forward(x, [4, 2], { training: true });
    const kind = { varianceEstimator: "unbiased", start: "debiased", momentum: 0.9 } as const;
    expectSame(layer.toState(), simulate(kind, sizes.slice(2)));
  });

  test("one value per channel has variance 0 by either estimator", () => {
    const { state, exact } = convertState(simulate(zeroOne, [1, 1]), {
      varianceEstimator: "unbiased",
    });
    expect(exact).toBe(true);
    expectSame(state, simulate({ ...zeroOne, varianceEstimator: "unbiased" }, [1, 1]));
  });

  test("nothing asked is nothing changed", () => {
    const before = simulate(zeroOne, [4, 3]);
    expect(convertState(before, {})).toEqual({ state: before, exact: true, notes: [] });
    const { momentum, ...rest } = before;
    const { state } = convertState(before, { momentum: 0.5 });
    expect(state).toEqual({ ...rest, momentum: 0.5 });
  });

  test("without running statistics there are only labels", () => {
    const layer = new BatchNorm(1, { trackRunningStatistics: false });
    const { state, exact } = convertState(layer.toState(), { ...zeroOne });
    expect(exact).toBe(true);
    expect(state).toEqual({ ...layer.toState(), ...zeroOne });
  });

  test("Caffe's 0/0 before any batch is 0/1 elsewhere", () => {
    const { state } = fromPeer("caffe", { BatchNorm: [[0], [0], [0]] });
    expect(state).toMatchObject({ runningMean: [0], runningVariance: [0], updates: 0 });
    const converted = convertState(state, { start: "zero-one" });
    expect(converted).toMatchObject({ exact: true, state: { runningVariance: [1] } });
  });
});

describe("a conversion that is not exact says why", () => {
  const told = (state: BatchNormState, options: ConvertOptions): string => {
    const { exact, notes } = convertState(state, options);
    expect(exact).toBe(false);
    return notes.join("\n");
  };

  test("m varied, or is unknown: the numbers stay", () => {
    const before = simulate(zeroOne, [4, 3]);
    expect(told(before, { varianceEstimator: "unbiased" })).toContain("varied or is unknown");
    const { state } = convertState(before, { varianceEstimator: "unbiased" });
    expect(state.runningVariance).toEqual(before.runningVariance);
    const imported = fromPeer("keras", { moving_mean: [2], moving_variance: [3] }).state;
    expect(told(imported, { varianceEstimator: "unbiased" })).toContain("varied or is unknown");
  });

  test("an import whose count is unknown stays so while training goes on", () => {
    const { state } = fromPeer("keras", { moving_mean: [2], moving_variance: [3] });
    const layer = BatchNorm.fromState(state);
    layer.forward(Float64Array.of(1, 2), [2, 1], { training: true });
    expect(told(layer.toState(), { varianceEstimator: "unbiased" })).toContain("unknown");
    expect(told(state, { start: "first-batch" })).toContain("past batches keep their weights");
    expect(told(state, { start: "debiased" })).toContain("how many batches entered is unknown");
    expect(told(layer.toState(), { start: "debiased" })).toContain("is unknown");
  });

  test("a count does not matter any more when what was before it has faded", () => {
    const { state } = fromPeer("keras", { moving_mean: [2], moving_variance: [3] });
    const layer = BatchNorm.fromState(state, { momentum: 0.5 });
    for (let step = 0; step < 30; step++) {
      layer.forward(normals(`${step}`, 4), [4, 1], { training: true });
    }
    expect(convertState(layer.toState(), { start: "debiased" }).exact).toBe(true);
  });

  test.each<[Partial<Kind>, ConvertOptions]>([
    [{ start: "first-batch" }, { start: "debiased" }],
    [{ start: "debiased" }, { start: "first-batch" }],
    [{ momentum: "cumulative" }, { momentum: 0.9 }],
    [{}, { momentum: "cumulative" }],
  ])("weights of the past: %j to %j", (from, to) => {
    const before = simulate({ ...zeroOne, ...from }, [4, 4]);
    expect(told(before, to)).toContain("past batches keep their weights");
    const { weight, runningMean } = convertState(before, to).state;
    expect(weight).toBe(1);
    const share = before.start === "zero-one" ? before.weight : 1;
    expect(runningMean?.[0]).toBeCloseTo((before.runningMean?.[0] as number) / share, 13);
  });

  test("nothing has entered at momentum 1", () => {
    const before = simulate({ ...zeroOne, momentum: 1 }, [4, 4]);
    for (const to of [{ start: "debiased", momentum: 0.9 }, { momentum: "cumulative" }] as const) {
      expect(told(before, to)).toContain("the count starts anew");
      const { state } = convertState(before, to);
      expect(state).toMatchObject({ updates: 0, weight: 0, valuesPerChannel: null });
      expect(state.runningVariance).toEqual([1, 1]);
    }
    const estimator = convertState(before, { varianceEstimator: "unbiased" });
    expect(estimator).toMatchObject({ exact: true, state: { runningVariance: [1, 1] } });
  });

  test("renorm has averages of its own", () => {
    const state = new BatchNorm(1, { renorm: {} }).toState();
    for (const to of [{ start: "zero-one" }, { varianceEstimator: "biased" }, { epsilon: 1 }]) {
      expect(told(state, to as ConvertOptions)).toContain("renorm's own averages stay");
      expect(convertState(state, to as ConvertOptions).state.renorm).toEqual(state.renorm);
    }
    expect(convertState(state, { momentum: 0.5 }).exact).toBe(true);
  });

  test("a variance that the initial 1 exceeds", () => {
    const weights = { moving_mean: [0], moving_variance: [0.1] };
    const { state } = fromPeer("keras", weights, { updates: 10, valuesPerChannel: 4 });
    expect(told(state, { start: "debiased" })).toContain("below what the initial 1 still weighs");
    expect(convertState(state, { start: "debiased" }).state.runningVariance).toEqual([0]);
  });

  test("the rounding of a dead channel in float32 is not such a one", () => {
    const weights = { moving_mean: [0], moving_variance: [Math.fround(0.99 ** 10) - 1e-7] };
    const { state } = fromPeer("keras", weights, { updates: 10, valuesPerChannel: 4 });
    const { exact, state: debiased } = convertState(state, { start: "debiased" });
    expect(exact).toBe(true);
    expect(debiased.runningVariance).toEqual([0]);
  });
});

describe("another epsilon", () => {
  const channels = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), {
    minLength: 2,
    maxLength: 2,
  });
  const positive = fc.double({ min: -12, max: 3, noNaN: true }).map((power) => 10 ** power);

  test("keeps predictions", () => {
    fc.assert(
      fc.property(
        fc.record({
          gamma: fc.option(channels),
          beta: fc.option(channels),
          runningMean: channels,
          runningVariance: fc.array(positive, { minLength: 2, maxLength: 2 }),
          epsilon: positive,
          start: fc.constantFrom("zero-one", "debiased"),
        }),
        positive,
        fc.integer({ min: 0, max: 200 }),
        (parts, epsilon, updates) => {
          const state: BatchNormState = {
            ...simulate({ ...zeroOne, start: parts.start as Start }, new Array(updates).fill(2)),
            ...parts,
          };
          const moved = convertState(state, { epsilon });
          const x = normals("x", 4, 0, 100);
          const y = BatchNorm.fromState(state).forward(x, [2, 2]);
          const again = BatchNorm.fromState(moved.state).forward(x, [2, 2]);
          expect(moved.state.epsilon).toBe(epsilon);
          for (const [i, value] of again.entries()) {
            // Relative to the terms of y, which may cancel.
            const r = 1 / Math.sqrt((parts.runningVariance[i % 2] as number) + parts.epsilon);
            const largest = 1 + 1000 * r * Math.abs(parts.gamma?.[i % 2] ?? 1) + 100;
            expect(Math.abs(value - (y[i] as number)) / largest).toBeLessThan(1e-12);
          }
        },
      ),
      { seed: 9, numRuns: 300 },
    );
  });

  test("goes to the variance where that stays ≥ 0, else to gamma", () => {
    const darknet = fromPeer("darknet", {
      scales: [2, 2],
      biases: [0, 0],
      rolling_mean: [0, 0],
      rolling_variance: [0.25, 1e-8],
    });
    const { state, exact } = convertState(darknet.state, { epsilon: 1e-3 });
    expect(exact).toBe(true);
    // (√v + 1e-6)² − epsilon
    expect(state.runningVariance?.[0]).toBeCloseTo((0.5 + 1e-6) ** 2 - 1e-3, 15);
    expect(state.gamma?.[0]).toBe(2);
    expect(state.runningVariance?.[1]).toBe(darknet.state.runningVariance?.[1]);
    const v = darknet.state.runningVariance?.[1] as number;
    expect(state.gamma?.[1]).toBeCloseTo((2 * Math.sqrt(v + 1e-3)) / (1e-4 + 1e-6), 8);
  });

  test("leaves the initial 1 where a change of start must find it", () => {
    const { state } = convertState(simulate(zeroOne, [4, 4]), { epsilon: 1e-3 });
    expect(state.runningVariance).toEqual(simulate(zeroOne, [4, 4]).runningVariance);
    expect(convertState(state, { start: "debiased" }).exact).toBe(true);
  });

  test("makes a shifted variance unfit for another estimator", () => {
    const { state } = convertState(simulate({ ...zeroOne, start: "debiased" }, [4, 4]), {
      epsilon: 1e-3,
    });
    expect(state.valuesPerChannel).toBeNull();
    expect(convertState(state, { varianceEstimator: "unbiased" }).exact).toBe(false);
  });

  test("is said where it needs a gamma that the layer had not, or acts on the batch", () => {
    const bare = new BatchNorm(1, { scale: false });
    expect(convertState(bare.toState(), { epsilon: 1e-3 })).toMatchObject({
      exact: false,
      notes: [expect.stringContaining("had no gamma")],
    });
    const untracked = new BatchNorm(1, { trackRunningStatistics: false });
    const { state, notes } = convertState(untracked.toState(), { epsilon: 1e-3 });
    expect(state).toEqual({ ...untracked.toState(), epsilon: 1e-3 });
    expect(notes).toEqual([expect.stringContaining("predictions change")]);
  });

  test("is refused where the divisor is 0", () => {
    const state = { ...simulate(zeroOne, []), epsilon: 0, runningVariance: [1, 0] };
    const call = () => convertState(state, { epsilon: 1e-3 });
    const { message } = expectRefusal("ERR_BATCHNORM_STATE", call);
    expect(message).toContain("runningVariance[1] + epsilon");
  });
});

describe("refusals", () => {
  const state = simulate(zeroOne, [4]);

  test.each([
    null,
    3,
    { axis: 1 },
    { start: "one" },
    { varianceEstimator: "sample" },
    { momentum: 2 },
    { momentum: 1, start: "debiased" },
    { epsilon: -1 },
  ])("options like %j", (options) => {
    expectRefusal("ERR_BATCHNORM_OPTION", () => convertState(state, options as ConvertOptions));
  });

  test("a malformed state", () => {
    const bad = { ...state, updates: -1 };
    expectRefusal("ERR_BATCHNORM_STATE", () => convertState(bad, { momentum: 0.5 }));
  });
});
