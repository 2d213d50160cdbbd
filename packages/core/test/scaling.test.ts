import {
  BatchNorm,
  computeMoments,
  type FloatArray,
  forwardInference,
  layoutOf,
  varianceOf,
} from "@batchnorm/core";
import {
  parseScalingState,
  Scaling,
  type ScalingKind,
  type ScalingState,
} from "@batchnorm/core/scaling";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exactly, worstError } from "./exact.ts";
import { normals } from "./random.ts";
import { expectRefusal } from "./refusal.ts";

const kinds: ScalingKind[] = ["z-score", "min-max", "decimal"];
const column = (x: FloatArray) => layoutOf([x.length, 1]);
const largest = Number.MAX_VALUE;

/** Fits one channel and transforms the same values. */
function scaled(kind: ScalingKind, ...values: number[]): number[] {
  const x = Float64Array.from(values);
  return Array.from(Scaling.fit(kind, x, column(x)).transform(x, column(x)).y);
}

describe("a z-score", () => {
  test("is Batch Normalization with fixed statistics and epsilon 0", () => {
    const x = normals("z", 600, 5, 3);
    const layout = layoutOf([200, 3]);
    const scaling = Scaling.fit("z-score", x, layout);
    const { mean, deviation } = scaling.toState() as ScalingState & { kind: "z-score" };
    const statistics = {
      mean: Float64Array.from(mean),
      variance: Float64Array.from(deviation, (value) => value ** 2),
    };
    const expected = forwardInference(x, layout, statistics, { epsilon: 0 });
    const { y } = scaling.transform(x, layout);
    // Both round a few times at |y| < 4.
    for (const [i, value] of y.entries()) expect(value).toBeCloseTo(expected[i]!, 14);
  });

  // "Z-scores lie in [−1, 1]" is in circulation. Of n values one may reach √(n − 1).
  test("does not lie in [−1, 1]", () => {
    expect(scaled("z-score", 0, 0, 0, 0, 10)).toEqual([-0.5, -0.5, -0.5, -0.5, 2]);
  });

  test.each([
    { name: "N(1e15, 1)", mean: 1e15, deviation: 1 },
    { name: "N(1e4, 1e-2)", mean: 1e4, deviation: 1e-2 },
    { name: "N(-1e200, 1e190)", mean: -1e200, deviation: 1e190 },
    { name: "N(1e-200, 1e-205)", mean: 1e-200, deviation: 1e-205 },
    { name: "N(0, 5e307)", mean: 0, deviation: 5e307 },
  ])("is exact to 1e-13 on $name, and comes back", ({ name, mean, deviation }) => {
    const x = normals(name, 500, mean, deviation);
    const scaling = Scaling.fit("z-score", x, column(x));
    const { y, outside } = scaling.transform(x, column(x));
    // Scaled to about 1 for the 60-digit reference, by a power of two, which changes no digit.
    const unit = 2 ** Math.floor(Math.log2(Math.max(Math.abs(mean), deviation)));
    expect(
      worstError(
        y,
        exactly(
          Float64Array.from(x, (v) => v / unit),
          0,
        ).xHat,
      ),
    ).toBeLessThan(1e-13);
    expect(outside).toEqual([]);
    const back = scaling.inverse(y, column(x));
    for (const [i, value] of back.entries()) {
      // Rounding of y, and of the sum: some last places of the larger of the two.
      expect(Math.abs(value / unit - x[i]! / unit)).toBeLessThan(
        1e-15 * Math.abs(x[i]! / unit) + 1e-14 * (deviation / unit),
      );
    }
  });

  // "BN starts with gamma = √(Var + epsilon), beta = E" is in circulation. It starts with 1 and 0.
  test("is undone by gamma = √(Var + epsilon), beta = E, which is not where Batch Normalization starts", () => {
    const x = normals("identity", 400, 5, 3);
    const layer = new BatchNorm(2, { epsilon: 1e-3 });
    const first = layer.forward(x, [200, 2], { training: true });
    expect(Array.from(layer.gamma ?? [])).toEqual([1, 1]);
    expect(Array.from(layer.beta ?? [])).toEqual([0, 0]);
    expect(Math.abs(first[0]! - x[0]!)).toBeGreaterThan(1);
    const moments = computeMoments(x, layoutOf([200, 2]));
    layer.gamma?.set(varianceOf(moments, "biased").map((variance) => Math.sqrt(variance + 1e-3)));
    layer.beta?.set(moments.mean);
    const y = layer.forward(x, [200, 2], { training: true });
    // |x| < 16, and a few roundings.
    for (const [i, value] of y.entries()) expect(value).toBeCloseTo(x[i]!, 13);
  });

  test("takes the largest and the smallest floats there are", () => {
    expect(scaled("z-score", -largest, largest)).toEqual([-1, 1]);
    expect(scaled("z-score", 0, 5e-324).every(Number.isFinite)).toBe(true);
    const few = scaled("z-score", ...new Array(50).fill(0), 5e-324);
    expect(few.every(Number.isFinite)).toBe(true);
  });
});

describe("min-max", () => {
  test("brings each channel to [0, 1], or to a range of one's choice", () => {
    const x = Float32Array.of(1, 10, 3, 30, 2, 15);
    const layout = layoutOf([3, 2]);
    expect(Scaling.fit("min-max", x, layout).transform(x, layout).y).toEqual(
      Float32Array.of(0, 0, 1, 1, 0.5, 0.25),
    );
    const centered = Scaling.fit("min-max", x, layout, { range: [-1, 1] });
    expect(centered.transform(x, layout).y).toEqual(Float32Array.of(-1, -1, 1, 1, 0, -0.5));
    expect(centered.inverse(Float32Array.of(-1, -1, 1, 1, 0, -0.5), layout)).toEqual(x);
  });

  test("keeps to its range, and gives its ends exactly, for any floats", () => {
    const float = fc.double({ noNaN: true, noDefaultInfinity: true });
    const half = fc.double({ noNaN: true, min: -largest / 2, max: largest / 2 });
    fc.assert(
      fc.property(fc.array(float, { minLength: 2 }), half, half, (values, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        fc.pre(low < high && new Set(values.map((value) => value + 0)).size > 1);
        const x = Float64Array.from(values);
        const scaling = Scaling.fit("min-max", x, column(x), { range: [low, high] });
        const { y, outside } = scaling.transform(x, column(x));
        expect(outside).toEqual([]);
        expect(Math.min(...y) + 0).toBe(low + 0);
        expect(Math.max(...y) + 0).toBe(high + 0);
        const back = scaling.inverse(y, column(x));
        expect(Math.min(...back) + 0).toBe(Math.min(...x) + 0);
        expect(Math.max(...back) + 0).toBe(Math.max(...x) + 0);
      }),
      { seed: 20 },
    );
  });

  test("does not overflow over the whole of float64", () => {
    expect(scaled("min-max", -largest, 0, largest)).toEqual([0, 0.5, 1]);
  });

  test("keeps the digits at a mean of 1e15", () => {
    expect(scaled("min-max", 1e15, 1e15 + 1, 1e15 + 4)).toEqual([0, 0.25, 1]);
  });

  test.each([
    [[1, 0]],
    [[0, 0]],
    [[0]],
    [[0, Infinity]],
    [[-largest, largest]],
    ["01"],
    [[0, "1"]],
    [new Array(2)],
  ])("refuses the range %j", (range) => {
    const x = Float64Array.of(1, 2);
    expectRefusal("ERR_BATCHNORM_OPTION", () =>
      Scaling.fit("min-max", x, column(x), { range: range as [number, number] }),
    );
  });
});

describe("decimal scaling", () => {
  test.each([
    [986, 3, 0.986],
    [-986, 3, -0.986],
    [1000, 4, 0.1],
    [999.9999999999999, 3, 0.9999999999999999],
    [1, 1, 0.1],
    [0.1, 0, 0.1],
    [0.005, -2, 0.5],
    [0.001, -2, 0.1],
    [1e22, 23, 0.1],
    [1e23, 24, 0.1],
    [1e308, 309, 0.1],
    [largest, 309, 0.17976931348623157],
    [1e-308, -307, 0.1],
    [5e-324, -323, 0.4940656458412465],
    [0, 0, 0],
  ])("divides %d by 10^%d", (value, exponent, expected) => {
    const x = Float64Array.of(value, value / 2);
    const scaling = Scaling.fit("decimal", x, column(x));
    expect(scaling.toState()).toMatchObject({ exponent: [exponent] });
    const { y } = scaling.transform(x, column(x));
    // One rounding a step, and there are at most two.
    expect(y[0]! / (expected || 1)).toBeCloseTo(Math.abs(expected) && 1, 15);
    const back = scaling.inverse(y, column(x));
    expect(back[0]! / (value || 1)).toBeCloseTo(Math.abs(expected) && 1, 15);
  });

  test("brings every |x| below 1, and the largest to 0.1 or more, as stored", () => {
    const float32 = fc.float({ noNaN: true, noDefaultInfinity: true });
    const float64 = fc.double({ noNaN: true, noDefaultInfinity: true });
    const fits = (x: FloatArray): void => {
      fc.pre(x[0] !== 0);
      const { y } = Scaling.fit("decimal", x, column(x)).transform(x, column(x));
      expect(Math.abs(y[0]!)).toBeLessThan(1);
      // Where the quotient would round to 1, the next power is taken, and gives the float before 0.1.
      expect(Math.abs(y[0]!)).toBeGreaterThan(0.1 - 1e-8);
    };
    fc.assert(
      fc.property(float64, (value) => fits(Float64Array.of(value))),
      { seed: 21 },
    );
    fc.assert(
      fc.property(float32, (value) => fits(Float32Array.of(value))),
      { seed: 22 },
    );
  });

  test("takes the next power where the quotient rounds to 1", () => {
    const x = Float32Array.of(1e11); // 99999997952, below 10^11, but 1 in float32 after division.
    const scaling = Scaling.fit("decimal", x, column(x));
    expect(scaling.toState()).toMatchObject({ exponent: [12] });
    const doubles = Float64Array.from(x);
    expect(Scaling.fit("decimal", doubles, column(x)).toState()).toMatchObject({ exponent: [11] });
  });
});

describe.each(kinds)("%s", (kind) => {
  test("reads channels on any axis, of any rank, in float32 and float64", () => {
    const x = normals("axis", 24);
    const rows = Float64Array.from({ length: 24 }, (_, i) => {
      const [n, c, h] = [Math.floor(i / 12), i % 3, Math.floor(i / 3) % 4];
      return x[n * 12 + c * 4 + h]!;
    });
    const last = Scaling.fit(kind, rows, layoutOf([2, 4, 3]));
    const first = Scaling.fit(kind, x, layoutOf([2, 3, 4], 1));
    expect(first.channels).toBe(3);
    expect(first.kind).toBe(kind);
    const { y } = first.transform(x, layoutOf([2, 3, 4], 1));
    expect(last.transform(rows, layoutOf([2, 4, 3])).y[1]).toBeCloseTo(y[4]!, 14);
    const floats = Float32Array.from(x);
    const single = first.transform(floats, layoutOf([2, 3, 4], 1)).y;
    expect(single).toBeInstanceOf(Float32Array);
    expect(single[4]).toBeCloseTo(y[4]!, 6);
  });

  test("writes into out, the input itself included", () => {
    const x = normals("out", 8);
    const layout = layoutOf([4, 2]);
    const scaling = Scaling.fit(kind, x, layout);
    const { y } = scaling.transform(x, layout);
    const out = new Float64Array(8);
    expect(scaling.transform(x, layout, out).y).toBe(out);
    expect(out).toEqual(y);
    const own = Float64Array.from(x);
    own[3] = 100;
    expect(scaling.transform(own, layout, own)).toMatchObject({
      y: own,
      outside: [{ worst: 100 }],
    });
    expect(scaling.inverse(y, layout, y)).toBe(y);
    for (const [i, value] of y.entries()) expect(value).toBeCloseTo(x[i]!, 14);
  });

  test("goes through JSON and computes the same to the last bit", () => {
    const value = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1 }), (values) => {
        const x = Float64Array.from(values);
        const scaling = Scaling.fit(kind, x, column(x));
        const state = JSON.parse(JSON.stringify(scaling.toState()));
        expect(state).toEqual(scaling.toState());
        const restored = Scaling.fromState(state);
        const { y } = scaling.transform(x, column(x));
        expect(y.every(Number.isFinite)).toBe(true);
        expect(restored.transform(x, column(x)).y).toEqual(y);
        expect(restored.inverse(y, column(x))).toEqual(scaling.inverse(y, column(x)));
        expect(restored.inverse(y, column(x)).every(Number.isFinite)).toBe(true);
      }),
      { seed: 23, examples: [[[-0, 0]], [[-0]], [[largest, -largest]], [[5e-324, 0, 0, 0]]] },
    );
  });

  test("is not changed through its state", () => {
    const scaling = Scaling.fit(kind, Float64Array.of(1, 2), layoutOf([2, 1]));
    const state = scaling.toState();
    const restored = Scaling.fromState(state);
    (state.minimum as number[])[0] = -100;
    expect(scaling.toState()).not.toEqual(state);
    expect(restored.toState()).toEqual(scaling.toState());
  });

  test.each([0, 7, -0.003, 1e308, 5e-324])("a constant %d is finite and comes back", (constant) => {
    const x = Float64Array.of(constant, constant, constant);
    const scaling = Scaling.fit(kind, x, column(x));
    const { y, outside } = scaling.transform(x, column(x));
    expect(outside).toEqual([]);
    expect(y.every(Number.isFinite)).toBe(true);
    if (kind !== "decimal") expect(Array.from(y)).toEqual([0, 0, 0]);
    const back = scaling.inverse(y, column(x));
    // Decimal divides and multiplies: one rounding each.
    if (kind === "decimal") expect(back[0]! / (constant || 1)).toBeCloseTo(constant && 1, 15);
    else expect(back).toEqual(x);
    const other = scaling.transform(Float64Array.of(12), layoutOf([1, 1]));
    expect(other.y[0]).not.toBeNaN();
    expect(other.outside).toMatchObject([{ count: 1, worst: 12 }]);
    expect(scaling.transform(Float64Array.of(NaN), layoutOf([1, 1])).y[0]).toBeNaN();
  });

  test("tells what lies outside of the fitted range, and scales it all the same", () => {
    const scaling = Scaling.fit(kind, Float64Array.of(0, 10, 5, 4, 20, 5), layoutOf([2, 3]));
    const x = Float64Array.of(-1, 10, 5, 4, 20, 5, 9, 15, 5, 5, 15, 5);
    const { y, outside } = scaling.transform(x, layoutOf([4, 3]));
    expect(outside).toEqual([
      { channel: 0, count: 3, minimum: 0, maximum: 4, worst: 9, sample: 2 },
    ]);
    const back = scaling.inverse(y, layoutOf([4, 3]));
    for (const [i, value] of back.entries()) expect(value).toBeCloseTo(x[i]!, 13);
  });

  test("tells NaN as the worst, and lists channels in order", () => {
    const scaling = Scaling.fit(kind, Float64Array.of(0, 0, 0, 1, 1, 1), layoutOf([2, 3]));
    const x = Float64Array.of(0, 0, 2, Infinity, 0, 3, NaN, 0, 1, NaN, 0, -9);
    const { y, outside } = scaling.transform(x, layoutOf([4, 3]));
    expect(outside).toMatchObject([
      { channel: 0, count: 3, worst: Number.POSITIVE_INFINITY, sample: 1 },
      { channel: 2, count: 3, worst: -9, sample: 3 },
    ]);
    expect(y[6]).toBeNaN();
  });

  test("refuses no data, and says so", () => {
    const { message } = expectRefusal("ERR_BATCHNORM_TOO_FEW_VALUES", () =>
      Scaling.fit(kind, new Float64Array(0), layoutOf([0, 3])),
    );
    expect(message).toBe("x must hold a value or more per channel to fit a scaling, got 0");
  });

  test.each([Number.NaN, Infinity, -Infinity])("refuses to fit to %d, and says where", (value) => {
    const x = normals("bad", 24);
    x[17] = value;
    const { message } = expectRefusal("ERR_BATCHNORM_NON_FINITE", () =>
      Scaling.fit(kind, x, layoutOf([2, 3, 4], 1)),
    );
    expect(message).toBe(`channel 1 of sample 1 must be finite to fit a scaling, got ${value}`);
  });

  test("transforms no data to none", () => {
    const scaling = Scaling.fit(kind, Float64Array.of(1, 2), layoutOf([2, 1]));
    const { y, outside } = scaling.transform(new Float32Array(0), layoutOf([0, 1]));
    expect(y).toHaveLength(0);
    expect(outside).toEqual([]);
  });

  test("refuses data that do not fit", () => {
    const x = new Float64Array(6);
    const layout = layoutOf([2, 3]);
    const scaling = Scaling.fit(kind, x, layout);
    expectRefusal("ERR_BATCHNORM_SHAPE", () => Scaling.fit(kind, x, layoutOf([3, 3])));
    expectRefusal("ERR_BATCHNORM_SHAPE", () => scaling.transform(x, layoutOf([3, 2])));
    expectRefusal("ERR_BATCHNORM_SHAPE", () => scaling.transform(x, layoutOf([3, 3])));
    expectRefusal("ERR_BATCHNORM_SHAPE", () => scaling.inverse(x, layout, new Float64Array(5)));
    const integers = new Int32Array(6) as unknown as Float64Array;
    expectRefusal("ERR_BATCHNORM_DTYPE", () => Scaling.fit(kind, integers, layout));
    expectRefusal("ERR_BATCHNORM_DTYPE", () => scaling.inverse(integers, layout));
  });
});

test.each(["toString", "zscore", undefined])("refuses the kind %s", (kind) => {
  const x = Float64Array.of(1, 2);
  expectRefusal("ERR_BATCHNORM_OPTION", () => Scaling.fit(kind as ScalingKind, x, column(x)));
});

test("refuses an option that would have no effect", () => {
  const x = Float64Array.of(1, 2);
  const fit = (kind: ScalingKind, options: object) => () =>
    Scaling.fit(kind, x, column(x), options);
  expectRefusal("ERR_BATCHNORM_OPTION", fit("z-score", { range: [0, 1] }));
  expectRefusal("ERR_BATCHNORM_OPTION", fit("min-max", { rnage: [0, 1] }));
});

describe("parseScalingState", () => {
  const stateOf = (kind: ScalingKind): Record<string, unknown> => ({
    ...Scaling.fit(kind, Float64Array.of(1, 5, 3, 5), layoutOf([2, 2])).toState(),
  });

  test.each(kinds)("takes what a %s gives, and gives it back", (kind) => {
    const state = stateOf(kind);
    expect(parseScalingState(state)).toBe(state);
  });

  test("refuses another version for that, whatever fields and kind it has", () => {
    const newer = { ...stateOf("decimal"), version: 2, kind: "quantile", newer: 1 };
    const error = expectRefusal("ERR_BATCHNORM_STATE", () => parseScalingState(newer));
    expect(error.message).toBe("version of a scaling's state must be 1, got 2");
  });

  test.each<[ScalingKind, Record<string, unknown>]>([
    ["decimal", { version: 2 }],
    ["decimal", { channels: 0 }],
    ["decimal", { channels: 1.5 }],
    ["decimal", { channels: 3 }],
    ["decimal", { minimum: [1] }],
    ["decimal", { minimum: "15" }],
    ["decimal", { minimum: [1, null] }],
    ["decimal", { minimum: new Array(2) }],
    ["decimal", { minimum: [4, 5] }],
    ["decimal", { maximum: [3, Infinity] }],
    ["decimal", { exponent: [1, 0.5] }],
    ["decimal", { exponent: [1, 310] }],
    ["decimal", { exponent: [-324, 1] }],
    ["decimal", { mean: [0, 0] }],
    ["z-score", { mean: [0, Number.NaN] }],
    ["z-score", { meanLow: [0] }],
    ["z-score", { deviation: [0, 0] }],
    ["z-score", { deviation: [1, 1] }],
    ["z-score", { deviation: [-1, 0] }],
  ])("refuses a %s with %j", (kind, change) => {
    expectRefusal("ERR_BATCHNORM_STATE", () => Scaling.fromState({ ...stateOf(kind), ...change }));
  });

  test("refuses a missing field, and says which", () => {
    const { exponent, ...rest } = stateOf("decimal");
    const { message } = expectRefusal("ERR_BATCHNORM_STATE", () => parseScalingState(rest));
    expect(exponent).toEqual([1, 1]);
    expect(message).toBe("a decimal state must have the field exponent, got undefined");
  });

  test("refuses another kind and a bad range", () => {
    const refused = (value: unknown) => () => parseScalingState(value);
    expectRefusal("ERR_BATCHNORM_OPTION", refused({ ...stateOf("decimal"), kind: "log" }));
    expectRefusal("ERR_BATCHNORM_OPTION", refused({ ...stateOf("min-max"), range: [1, 0] }));
    expectRefusal("ERR_BATCHNORM_STATE", refused(null));
    expectRefusal("ERR_BATCHNORM_STATE", refused("state"));
  });
});
