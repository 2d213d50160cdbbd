import {
  type AffineParameters,
  backwardInference,
  backwardTraining,
  forwardInference,
  forwardTraining,
  layoutOf,
  statisticsGradients,
} from "@batchnorm/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyCase, dot, expectDerivative } from "./finite-differences.ts";
import { normals } from "./random.ts";
import { expectRefusal } from "./refusal.ts";

describe("gradients agree with finite differences over 600 shapes", () => {
  test("training", () => {
    fc.assert(
      fc.property(anyCase, ({ layout, x, dy, ...parameters }) => {
        const { moments } = forwardTraining(x, layout, parameters);
        const { dx, dgamma, dbeta } = backwardTraining(dy, x, layout, moments, parameters);
        const loss = (): number => dot(forwardTraining(x, layout, parameters).y, dy);
        expectDerivative(dx, x, loss);
        if (parameters.gamma) expectDerivative(dgamma, parameters.gamma, loss);
        if (parameters.beta) expectDerivative(dbeta, parameters.beta, loss);
      }),
      { seed: 2, numRuns: 600 },
    );
  });

  test("inference and frozen", () => {
    fc.assert(
      fc.property(anyCase, ({ layout, x, dy, statistics, ...parameters }) => {
        const gradients = backwardInference(dy, x, layout, statistics, parameters);
        const { dx, dgamma, dbeta } = gradients;
        const loss = (): number => dot(forwardInference(x, layout, statistics, parameters), dy);
        const { dmean, dvariance } = statisticsGradients(gradients, statistics, parameters);
        expectDerivative(dmean, statistics.mean, loss);
        expectDerivative(dvariance, statistics.variance, loss);
        expectDerivative(dx, x, loss);
        if (parameters.gamma) expectDerivative(dgamma, parameters.gamma, loss);
        if (parameters.beta) expectDerivative(dbeta, parameters.beta, loss);
      }),
      { seed: 3, numRuns: 600 },
    );
  });
});

describe("backwardTraining", () => {
  const layout = layoutOf([5, 2]);
  const x = normals("x", 10);
  const dy = normals("dy", 10);
  const parameters: AffineParameters = { gamma: Float64Array.of(2, -3), epsilon: 1e-5 };
  const { moments } = forwardTraining(x, layout, parameters);
  const gradients = backwardTraining(dy, x, layout, moments, parameters);

  test("ignores what every value of a channel shares", () => {
    const shifted = backwardTraining(
      dy.map((d) => d + 7),
      x,
      layout,
      moments,
      parameters,
    );
    for (const [i, value] of shifted.dx.entries())
      expect(value).toBeCloseTo(gradients.dx[i] as number, 13);
  });

  test("is as exact at mean 1e8 as at 0", () => {
    // Multiples of 2^-20, so that moving them by 1e8 rounds nothing away.
    const grid = x.map((value) => Math.round(value * 2 ** 20) / 2 ** 20);
    const far = grid.map((value) => value + 1e8);
    const [near, moved] = [grid, far].map((data) => {
      const forward = forwardTraining(data, layout, parameters);
      return backwardTraining(dy, data, layout, forward.moments, parameters);
    });
    for (const key of ["dx", "dgamma"] as const) {
      // dx cancels to a hundredth of its terms; 1e-12 still leaves no room for a rounded mean's 1e-8.
      for (const [i, value] of (moved?.[key] ?? []).entries())
        expect(value).toBeCloseTo(near?.[key][i] as number, 12);
    }
  });

  test("gives a constant channel no dgamma and, with epsilon 0, no dx", () => {
    const constant = new Float64Array(10).fill(3);
    const forward = forwardTraining(constant, layout, { epsilon: 0 });
    const { dx, dgamma, dbeta } = backwardTraining(dy, constant, layout, forward.moments, {
      epsilon: 0,
    });
    expect(Array.from(dgamma)).toEqual([0, 0]);
    expect(dx.every((value) => value === 0)).toBe(true);
    const sum = dy.reduce((total, value, i) => total + (i % 2 === 0 ? value : 0), 0);
    expect(dbeta[0]).toBeCloseTo(sum, 14);
  });

  test("an empty batch has empty and zero gradients", () => {
    const empty = layoutOf([0, 2]);
    const none = new Float32Array(0);
    const forward = forwardTraining(none, empty, parameters);
    expect(backwardTraining(none, none, empty, forward.moments, parameters)).toEqual({
      dx: none,
      dgamma: new Float64Array(2),
      dbeta: new Float64Array(2),
    });
  });

  test("fills what it is handed, dy itself included, and float32 sums cost dx nothing", () => {
    const out = { dx: dy.slice(), dgamma: new Float32Array(2), dbeta: new Float32Array(2) };
    expect(backwardTraining(out.dx, x, layout, moments, parameters, out)).toEqual(out);
    expect(out.dx).toEqual(gradients.dx);
    expect(out.dgamma).toEqual(Float32Array.from(gradients.dgamma));
    expect(out.dbeta).toEqual(Float32Array.from(gradients.dbeta));
  });
});

test("frozen gradients fill what they are handed", () => {
  const [x, dy] = [normals("x", 4), normals("dy", 4)];
  const statistics = { mean: new Float64Array(2), variance: new Float64Array(2) };
  const out = { dx: new Float64Array(4), dgamma: new Float64Array(2), dbeta: new Float64Array(2) };
  const layout = layoutOf([2, 2]);
  const expected = backwardInference(dy, x, layout, statistics, { epsilon: 1 });
  const gradients = backwardInference(dy, x, layout, statistics, { epsilon: 1 }, out);
  for (const key of ["dx", "dgamma", "dbeta"] as const) expect(gradients[key]).toBe(out[key]);
  expect(out).toEqual(expected);
});

test("frozen gradients refuse to go without statistics", () => {
  const two = new Float64Array(2);
  expectRefusal("ERR_BATCHNORM_STATE", () =>
    backwardInference(two, two, layoutOf([1, 2]), {} as never, { epsilon: 0 }),
  );
});

test("backward refuses arrays that do not fit, and writes nothing", () => {
  const layout = layoutOf([2, 2]);
  const x = normals("x", 4);
  const { moments } = forwardTraining(x, layout, { epsilon: 1 });
  const three = new Float64Array(3);
  const dx = new Float64Array(4);
  const memory = new Float64Array(5);
  const backward = (dy: Float64Array, out: object, at = moments) =>
    backwardTraining(dy, x, layout, at, { epsilon: 1 }, { dx, ...out });
  expectRefusal("ERR_BATCHNORM_SHAPE", () => backward(three, {}));
  expectRefusal("ERR_BATCHNORM_SHAPE", () => backward(x, { dx: three }));
  expectRefusal("ERR_BATCHNORM_SHAPE", () => backward(x, { dgamma: three }));
  expectRefusal("ERR_BATCHNORM_SHAPE", () => backward(x, { dbeta: three }));
  expectRefusal("ERR_BATCHNORM_SHAPE", () =>
    backward(memory.subarray(1), { dx: memory.subarray(0, 4) }),
  );
  expectRefusal("ERR_BATCHNORM_SHAPE", () => backward(x, {}, { ...moments, mean: three }));
  expectRefusal("ERR_BATCHNORM_SHAPE", () => backward(x, {}, { ...moments, count: 77 }));
  const [two, other] = [new Float64Array(2), new Float64Array(5)];
  for (const out of [
    { dgamma: two, dbeta: two },
    { dx: other.subarray(0, 4), dgamma: other.subarray(3) },
    { dx: other.subarray(0, 4), dbeta: other.subarray(3) },
  ]) {
    expectRefusal("ERR_BATCHNORM_SHAPE", () => backward(x, out));
  }
  const far = memory.subarray(1);
  const forward = forwardTraining(far, layout, { epsilon: 1 });
  expectRefusal("ERR_BATCHNORM_SHAPE", () =>
    backwardTraining(
      x,
      far,
      layout,
      forward.moments,
      { epsilon: 1 },
      { dx: memory.subarray(0, 4) },
    ),
  );
  expectRefusal("ERR_BATCHNORM_SHAPE", () =>
    backwardTraining(x, three, layout, moments, { epsilon: 1 }),
  );
  expectRefusal("ERR_BATCHNORM_SHAPE", () =>
    backwardTraining(x, x, layout, moments, { epsilon: 1, gamma: three }),
  );
  expect(dx).toEqual(new Float64Array(4));
});
