import {
  type FloatArray,
  forwardInference,
  forwardTraining,
  layoutOf,
  type Statistics,
} from "@batchnorm/core";
import { describe, expect, test } from "vitest";
import { exactly, worstError } from "./exact.ts";
import { normals } from "./random.ts";
import { expectRefusal } from "./refusal.ts";

const epsilon = 1e-5;

describe("forwardTraining", () => {
  test("normalizes, scales and shifts every channel", () => {
    const x = Float64Array.of(1, 10, 3, 30);
    const parameters = { gamma: Float64Array.of(2, 1), beta: Float64Array.of(0, 5), epsilon: 0 };
    const { y } = forwardTraining(x, layoutOf([2, 2]), parameters);
    expect(y).toEqual(Float64Array.of(-2, 4, 2, 6));
  });

  test("puts epsilon under the root", () => {
    const { y } = forwardTraining(Float64Array.of(-1, 1), layoutOf([2, 1]), { epsilon: 3 });
    expect(y).toEqual(Float64Array.of(-0.5, 0.5));
  });

  // Float32 outputs near 4 are 2.4e-7 apart, so 1e-6 leaves room for one rounding and no more.
  test.each([
    { mean: 0, deviation: 1 },
    { mean: 1e4, deviation: 1e-2 },
    { mean: -3e6, deviation: 1 },
  ])(
    "keeps float32 data at N($mean, $deviation) within 1e-6 of exact mathematics",
    ({ mean, deviation }) => {
      const x = Float32Array.from(normals("float32", 2 * 1500, mean, deviation));
      const layout = layoutOf([1, 2, 1500], 1);
      const { y } = forwardTraining(x, layout, { epsilon });
      for (const c of [0, 1]) {
        const { xHat } = exactly(x.subarray(c * 1500, (c + 1) * 1500), epsilon);
        expect(worstError(y.subarray(c * 1500, (c + 1) * 1500), xHat)).toBeLessThanOrEqual(1e-6);
      }
    },
  );

  test.each([
    { mean: 0, deviation: 1 },
    { mean: 1e8, deviation: 1 },
    { mean: 1e15, deviation: 1 },
    { mean: -1e15, deviation: 100 },
  ])("keeps float64 data at N($mean, $deviation) within 1e-12", ({ mean, deviation }) => {
    const x = normals("float64", 2000, mean, deviation);
    const { y } = forwardTraining(x, layoutOf([2000, 1]), { epsilon });
    expect(worstError(y, exactly(x, epsilon).xHat)).toBeLessThanOrEqual(1e-12);
  });

  test("a constant channel normalizes to beta, with epsilon 0 too", () => {
    for (const guard of [0, epsilon]) {
      const x = new Float32Array(30).fill(0.1);
      const { y } = forwardTraining(x, layoutOf([30, 1]), {
        gamma: Float64Array.of(1e6),
        beta: Float64Array.of(0.25),
        epsilon: guard,
      });
      expect(y).toEqual(new Float32Array(30).fill(0.25));
    }
  });

  test("one value per channel normalizes to beta", () => {
    const beta = Float64Array.of(3, 4);
    expect(forwardTraining(Float64Array.of(8, 9), layoutOf([1, 2]), { beta, epsilon }).y).toEqual(
      beta,
    );
  });

  test("an empty batch gives an empty y and moments of nothing", () => {
    const { y, moments } = forwardTraining(new Float32Array(0), layoutOf([0, 2]), { epsilon });
    expect(y).toEqual(new Float32Array(0));
    expect(moments.count).toBe(0);
  });

  test("gives the same numbers for every axis order of the same data", () => {
    const [n, h, c] = [4, 5, 70];
    const first = normals("axes", n * c * h);
    const last = first.map((_, i) => {
      const [sample, row, channel] = [Math.floor(i / (h * c)), Math.floor(i / c) % h, i % c];
      return first[(sample * c + channel) * h + row] as number;
    });
    const a = forwardTraining(first, layoutOf([n, c, h], 1), { epsilon }).y;
    const b = forwardTraining(last, layoutOf([n, h, c], -1), { epsilon }).y;
    for (let i = 0; i < b.length; i++) {
      const [sample, row, channel] = [Math.floor(i / (h * c)), Math.floor(i / c) % h, i % c];
      expect(b[i]).toBe(a[(sample * c + channel) * h + row]);
    }
  });

  test("writes over its input when asked", () => {
    const x = normals("in place", 12);
    const expected = forwardTraining(x.slice(), layoutOf([6, 2]), { epsilon }).y;
    expect(forwardTraining(x, layoutOf([6, 2]), { epsilon }, { y: x }).y).toBe(x);
    expect(x).toEqual(expected);
  });
});

describe("forwardInference", () => {
  const statistics: Statistics = { mean: Float64Array.of(1, 10), variance: Float64Array.of(4, 25) };

  test("uses the given variance, epsilon inside the root", () => {
    const x = Float64Array.of(3, 0);
    expect(forwardInference(x, layoutOf([1, 2]), statistics, { epsilon: 0 })).toEqual(
      Float64Array.of(1, -2),
    );
    const guarded = forwardInference(x, layoutOf([1, 2]), statistics, { epsilon: 5 });
    expect(guarded[0]).toBeCloseTo(2 / 3, 15);
  });

  test("scales and shifts, in place when asked", () => {
    const x = Float32Array.of(3, 0);
    const parameters = { gamma: Float32Array.of(2, 3), beta: Float32Array.of(-1, 1), epsilon: 0 };
    expect(forwardInference(x, layoutOf([1, 2]), statistics, parameters, x)).toBe(x);
    expect(x).toEqual(Float32Array.of(1, -5));
  });

  test("is refused without statistics", () => {
    const layout = layoutOf([1, 2]);
    for (const none of [undefined, {}, { mean: statistics.mean }]) {
      expectRefusal("ERR_BATCHNORM_STATE", () =>
        forwardInference(new Float32Array(2), layout, none as Statistics, { epsilon }),
      );
    }
  });
});

describe("every pass", () => {
  const layout = layoutOf([2, 2]);
  const good = {
    x: new Float64Array(4),
    gamma: new Float64Array(2),
    beta: new Float64Array(2),
    epsilon,
  };
  const passes = (change: Partial<typeof good>, y?: FloatArray) => {
    const { x, ...parameters } = { ...good, ...change };
    const statistics = { mean: new Float64Array(2), variance: new Float64Array(2) };
    return [
      () => forwardTraining(x, layout, parameters, { y }),
      () => forwardInference(x, layout, statistics, parameters, y),
    ];
  };

  test("refuses arrays that do not fit", () => {
    const three = new Float64Array(3);
    for (const change of [{ x: three }, { gamma: three }, { beta: three }]) {
      for (const pass of passes(change)) expectRefusal("ERR_BATCHNORM_SHAPE", pass);
    }
    for (const pass of passes({}, three)) expectRefusal("ERR_BATCHNORM_SHAPE", pass);
    for (const change of [{ x: [1, 2, 3, 4] }, { gamma: [1, 2] }, { beta: Int8Array.of(1, 2) }]) {
      for (const pass of passes(change as object)) expectRefusal("ERR_BATCHNORM_DTYPE", pass);
    }
  });

  test("refuses an epsilon that is negative or not finite", () => {
    for (const bad of [-1e-9, Number.NaN, Number.POSITIVE_INFINITY]) {
      for (const pass of passes({ epsilon: bad })) expectRefusal("ERR_BATCHNORM_OPTION", pass);
    }
  });

  test("refuses an out that overlaps x elsewhere, on either side", () => {
    const memory = new Float64Array(6);
    for (const [from, to] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const x = memory.subarray(from, from + 4);
      for (const pass of passes({ x }, memory.subarray(to, to + 4))) {
        expectRefusal("ERR_BATCHNORM_SHAPE", pass);
      }
    }
    const neighbours = new Float64Array(8);
    for (const pass of passes({ x: neighbours.subarray(0, 4) }, neighbours.subarray(4))) {
      expect(pass).not.toThrow();
    }
  });
});
