import {
  computeMoments,
  emptyMoments,
  type FloatArray,
  forwardByMoments,
  forwardInference,
  forwardTraining,
  layoutOf,
  mergeMoments,
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

  test("visits every value of a tensor with thousands of channels", () => {
    const [rows, channels] = [9, 5000];
    const x = normals("wide", rows * channels);
    const { y } = forwardTraining(x, layoutOf([rows, channels]), { epsilon });
    for (const c of [0, 1, 4095, 4096, 4999]) {
      const column = Float64Array.from(
        { length: rows },
        (_, row) => x[row * channels + c] as number,
      );
      const alone = forwardTraining(column, layoutOf([rows, 1]), { epsilon }).y;
      expect(Array.from(alone)).toEqual(Array.from(alone, (_, row) => y[row * channels + c]));
    }
  });

  test("fills the moments it is handed, unless it is refused", () => {
    const x = normals("moments", 6);
    const layout = layoutOf([3, 2]);
    const moments = emptyMoments(2);
    const short = new Float64Array(5);
    expectRefusal("ERR_BATCHNORM_SHAPE", () =>
      forwardTraining(x, layout, { epsilon }, { y: short, moments }),
    );
    expect(moments).toEqual(emptyMoments(2));
    expect(forwardTraining(x, layout, { epsilon }, { moments }).moments).toBe(moments);
    expect(moments).toEqual(computeMoments(x, layout));
  });

  test("writes over its input when asked", () => {
    const x = normals("in place", 12);
    const expected = forwardTraining(x.slice(), layoutOf([6, 2]), { epsilon }).y;
    expect(forwardTraining(x, layoutOf([6, 2]), { epsilon }, { y: x }).y).toBe(x);
    expect(x).toEqual(expected);
  });
});

describe("forwardByMoments", () => {
  test("normalizes a replica's part by the merged moments of all, exactly at large means", () => {
    const x = normals("replicas", 200, 1e15);
    const whole = forwardTraining(x, layoutOf([200, 1]), { epsilon }).y;
    const parts = [x.subarray(0, 30), x.subarray(30), x.subarray(0, 0)];
    const layouts = parts.map((part) => layoutOf([part.length, 1]));
    const merged = parts
      .map((part, i) => computeMoments(part, layouts[i]!))
      .reduce((a, b) => mergeMoments(a, b));
    const y = parts.flatMap((part, i) =>
      Array.from(forwardByMoments(part, layouts[i]!, merged, { epsilon })),
    );
    for (const [i, value] of y.entries()) expect(value).toBeCloseTo(whole[i]!, 12);
  });

  test("refuses moments that are malformed", () => {
    const layout = layoutOf([2, 1]);
    const x = Float64Array.of(1, 2);
    const good = computeMoments(x, layout);
    const refused = (code: "SHAPE" | "DTYPE", moments: object) =>
      expectRefusal(`ERR_BATCHNORM_${code}`, () =>
        forwardByMoments(x, layout, { ...good, ...moments }, { epsilon }),
      );
    refused("SHAPE", { m2: new Float64Array(2) });
    refused("SHAPE", { meanLow: new Float64Array(0) });
    refused("SHAPE", { count: -1 });
    refused("SHAPE", { count: 1.5 });
    refused("DTYPE", { mean: new Float32Array(1) });
    const none = new Float64Array(0);
    expect(forwardByMoments(none, layoutOf([0, 1]), emptyMoments(1), { epsilon })).toEqual(none);
  });

  test("moments of nothing give beta", () => {
    const beta = Float64Array.of(3);
    const y = forwardByMoments(Float64Array.of(1, 2), layoutOf([2, 1]), emptyMoments(1), {
      beta,
      epsilon,
    });
    expect(y).toEqual(Float64Array.of(3, 3));
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

  test("reads statistics before it writes over them", () => {
    const memory = new Float64Array(201);
    const x = normals("x", 200);
    const statistics = { mean: memory.subarray(0, 1), variance: Float64Array.of(1) };
    const y = forwardInference(
      x,
      layoutOf([200, 1]),
      statistics,
      { epsilon: 0 },
      memory.subarray(0, 200),
    );
    expect(y).toEqual(x);
  });

  test("is refused with statistics that do not fit, or a negative variance", () => {
    const layout = layoutOf([1, 2]);
    const refused = (code: "SHAPE" | "DTYPE" | "STATE", change: object) =>
      expectRefusal(`ERR_BATCHNORM_${code}`, () =>
        forwardInference(new Float32Array(2), layout, { ...statistics, ...change }, { epsilon }),
      );
    refused("SHAPE", { mean: new Float64Array(3) });
    refused("SHAPE", { variance: new Float64Array(1) });
    refused("DTYPE", { mean: [1, 2] });
    refused("DTYPE", { variance: [1, 2] });
    refused("STATE", { variance: Float64Array.of(1, -1) });
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

  test("refuses a layout that no shape has", () => {
    const bad = { outer: 0.5, channels: 8, inner: 1 };
    expectRefusal("ERR_BATCHNORM_SHAPE", () => forwardTraining(good.x, bad, { epsilon }));
    const none = { outer: 1, channels: 0, inner: 1 };
    expectRefusal("ERR_BATCHNORM_SHAPE", () =>
      computeMoments(new Float64Array(0), none, undefined),
    );
    for (const size of [-1, 0.5]) {
      const layout = { outer: size, channels: 1, inner: size < 0 ? -4 : 8 };
      expectRefusal("ERR_BATCHNORM_SHAPE", () => computeMoments(good.x, layout));
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
    const [low, high] = [neighbours.subarray(0, 4), neighbours.subarray(4)];
    for (const pass of [...passes({ x: low }, high), ...passes({ x: high }, low)]) {
      expect(pass).not.toThrow();
    }
    const float32 = new Float32Array(memory.buffer, 0, 4);
    for (const pass of passes({ x: memory.subarray(0, 4) }, float32)) {
      expectRefusal("ERR_BATCHNORM_SHAPE", pass);
    }
  });
});
