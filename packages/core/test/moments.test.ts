import {
  computeMoments,
  emptyMoments,
  type FloatArray,
  layoutOf,
  type Moments,
  mergeMoments,
  varianceOf,
} from "@batchnorm/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exactly, exactOf } from "./exact.ts";
import { integers, normals } from "./random.ts";
import { expectRefusal } from "./refusal.ts";

const column = (x: FloatArray): Moments => computeMoments(x, layoutOf([x.length, 1]));

/** Largest difference of two sets of moments, in units of their standard deviation and variance. */
function difference(a: Moments, b: Moments): number {
  expect(a.count).toBe(b.count);
  const errors = Array.from(a.mean, (mean, c) => {
    const at = (values: Float64Array): number => values[c] as number;
    const deviation = Math.sqrt(at(b.m2) / b.count) || 1;
    const shift = mean - at(b.mean) + (at(a.meanLow) - at(b.meanLow));
    return Math.max(
      Math.abs(shift) / deviation,
      Math.abs(at(a.m2) / (at(b.m2) || 1) - 1) * +(at(b.m2) > 0),
    );
  });
  return Math.max(...errors);
}

describe("computeMoments", () => {
  test("gives count, mean and squared deviations of every channel", () => {
    const moments = computeMoments(Float64Array.of(1, 10, 3, 30, 8, 20), layoutOf([3, 2]));
    expect(moments).toEqual({
      count: 3,
      mean: Float64Array.of(4, 20),
      meanLow: Float64Array.of(0, 0),
      m2: Float64Array.of(26, 200),
    });
  });

  test("reads channels-first data in place", () => {
    const moments = computeMoments(
      Float32Array.of(1, 3, 10, 30, 5, 7, 50, 70),
      layoutOf([2, 2, 2], 1),
    );
    expect(moments.mean).toEqual(Float64Array.of(4, 40));
    expect(moments.m2).toEqual(Float64Array.of(20, 2000));
  });

  // Nine values in three hold what single-pass E[x²] − E[x]² and a rounded mean lose.
  test.each([
    { name: "standard normal", mean: 0, deviation: 1 },
    { name: "N(1e4, 1e-2)", mean: 1e4, deviation: 1e-2 },
    { name: "N(1e8, 1)", mean: 1e8, deviation: 1 },
    { name: "N(1e15, 1)", mean: 1e15, deviation: 1 },
    { name: "N(1e-20, 1e-22)", mean: 1e-20, deviation: 1e-22 },
    { name: "N(-1e20, 1e18)", mean: -1e20, deviation: 1e18 },
  ])("is exact to 1e-13 on $name", ({ name, mean, deviation }) => {
    const x = normals(name, 3001, mean, deviation);
    const { mean: high, meanLow, m2 } = column(x);
    const exact = exactly(x, 0);
    const spread = exact.m2.div(x.length).sqrt();
    const meanError = exact.mean
      .minus(exactOf(high[0] as number))
      .minus(exactOf(meanLow[0] as number));
    // Rounding of 3,001 sums, each 1.1e-16, adds up as a random walk to about 6e-15.
    expect(meanError.abs().div(spread).toNumber()).toBeLessThan(1e-13);
    expect(
      exact.m2
        .div(m2[0] as number)
        .minus(1)
        .abs()
        .toNumber(),
    ).toBeLessThan(1e-13);
  });

  test("is exact to 1e-12 when the first value is an outlier", () => {
    // So many that differences to the outlier alone would be 1e-9 off.
    const x = normals("outlier", 100_000);
    x[0] = 1e8;
    const exact = exactly(x, 0);
    expect(
      exact.m2
        .div(column(x).m2[0] as number)
        .minus(1)
        .abs()
        .toNumber(),
    ).toBeLessThan(1e-12);
  });

  test("finds exactly no variance in a constant channel", () => {
    for (const value of [0.1, -1e30, 1e15 + 0.125, 5e-324, 1e307]) {
      const { mean, meanLow, m2 } = column(new Float64Array(777).fill(value));
      expect([mean[0], meanLow[0], m2[0]]).toEqual([value, 0, 0]);
    }
  });

  test("gives a NaN variance where a value is not finite, and only there", () => {
    const { mean, m2 } = computeMoments(
      Float64Array.of(1, Number.NaN, 1, 1, 3, 1, Number.POSITIVE_INFINITY, 1),
      layoutOf([2, 4]),
    );
    expect(Array.from(m2, Number.isNaN)).toEqual([false, true, true, false]);
    expect(mean[0]).toBe(2);
    expect(m2[3]).toBe(0);
    expect(column(Float64Array.of(1, Number.POSITIVE_INFINITY)).meanLow[0]).toBe(0);
  });

  test("fills the moments it is handed", () => {
    const out = column(normals("old", 10, 1e15));
    expect(out.meanLow[0]).not.toBe(0);
    expect(computeMoments(Float64Array.of(1, 3), layoutOf([2, 1]), out)).toBe(out);
    expect(out).toEqual(column(Float64Array.of(1, 3)));
    computeMoments(new Float64Array(0), layoutOf([0, 1]), out);
    expect(out).toEqual(emptyMoments(1));
  });

  test("refuses arrays of another length, type or number of channels", () => {
    const layout = layoutOf([2, 2]);
    expectRefusal("ERR_BATCHNORM_SHAPE", () => computeMoments(new Float32Array(3), layout));
    expectRefusal("ERR_BATCHNORM_SHAPE", () =>
      computeMoments(new Float32Array(4), layout, emptyMoments(3)),
    );
    for (const bad of [[1, 2, 3, 4], new Int32Array(4), new DataView(new ArrayBuffer(4)), null]) {
      expectRefusal("ERR_BATCHNORM_DTYPE", () => computeMoments(bad as never, layout));
    }
  });
});

describe("mergeMoments", () => {
  test("agrees with the whole batch within 1e-12, for any split and order", () => {
    const channels = 3;
    const offsets = [0, 1e4, -1e8];
    const split = fc.record({
      seed: fc.integer(),
      sizes: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 12 }),
      spread: fc.constantFrom(1e-2, 1, 1e3),
    });
    fc.assert(
      fc.property(split, ({ seed, sizes, spread }) => {
        const rows = sizes.reduce((a, b) => a + b, 0);
        fc.pre(rows > 1);
        const x = normals(`${seed}`, rows * channels, 0, spread);
        for (let i = 0; i < x.length; i++) x[i] = (x[i] as number) + (offsets[i % 3] as number);

        let start = 0;
        const parts = sizes.map((size) => {
          const part = x.subarray(start * channels, (start + size) * channels);
          start += size;
          return computeMoments(part, layoutOf([size, channels]));
        });
        const next = integers(`order ${seed}`, 1e9);
        while (parts.length > 1) {
          const take = (): Moments => parts.splice(next() % parts.length, 1)[0] as Moments;
          parts.push(mergeMoments(take(), take()));
        }
        const whole = computeMoments(x, layoutOf([rows, channels]));
        expect(difference(parts[0] as Moments, whole)).toBeLessThan(1e-12);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test("takes moments of nothing as the identity", () => {
    const some = column(normals("some", 9, 1e15));
    expect(mergeMoments(emptyMoments(1), some)).toEqual(some);
    expect(mergeMoments(some, emptyMoments(1))).toEqual(some);
    expect(mergeMoments(emptyMoments(1), emptyMoments(1))).toEqual(emptyMoments(1));
  });

  test("writes into either operand", () => {
    const [a, b] = [column(normals("a", 5)), column(normals("b", 7))];
    const merged = mergeMoments(a, b);
    expect(mergeMoments(column(normals("a", 5)), b, b)).toBe(b);
    expect(b).toEqual(merged);
    expect(mergeMoments(a, column(normals("b", 7)), a)).toEqual(merged);
  });

  test("refuses malformed moments", () => {
    for (const channels of [-1, 0, 1.5]) {
      expectRefusal("ERR_BATCHNORM_SHAPE", () => emptyMoments(channels));
    }
    const bad = { ...emptyMoments(1), m2: new Float32Array(1) as never };
    expectRefusal("ERR_BATCHNORM_DTYPE", () => mergeMoments(bad, emptyMoments(1)));
    expectRefusal("ERR_BATCHNORM_DTYPE", () => mergeMoments(emptyMoments(1), bad));
  });

  test("refuses another number of channels", () => {
    expectRefusal("ERR_BATCHNORM_SHAPE", () => mergeMoments(emptyMoments(1), emptyMoments(2)));
    expectRefusal("ERR_BATCHNORM_SHAPE", () =>
      mergeMoments(emptyMoments(1), emptyMoments(1), emptyMoments(2)),
    );
  });
});

describe("varianceOf", () => {
  test("divides by m, or by m − 1", () => {
    const moments = column(Float64Array.of(1, 2, 3, 6));
    expect(varianceOf(moments, "biased")).toEqual(Float64Array.of(14 / 4));
    expect(varianceOf(moments, "unbiased", new Float64Array(1))).toEqual(Float64Array.of(14 / 3));
  });

  test("refuses an out of another length", () => {
    const out = new Float64Array(2);
    expectRefusal("ERR_BATCHNORM_SHAPE", () => varianceOf(emptyMoments(1), "biased", out));
  });

  test("is 0 for one value and for none, by either estimator", () => {
    for (const estimator of ["biased", "unbiased"] as const) {
      expect(varianceOf(column(Float64Array.of(7)), estimator)).toEqual(Float64Array.of(0));
      expect(varianceOf(emptyMoments(1), estimator)).toEqual(Float64Array.of(0));
    }
  });
});
