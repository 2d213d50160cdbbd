import {
  addRelu,
  backwardTraining,
  forwardTraining,
  layoutOf,
  reluGradient,
} from "@batchnorm/core";
import { describe, expect, test } from "vitest";
import { dot, expectDerivative } from "./finite-differences.ts";
import { normals } from "./random.ts";
import { expectRefusal } from "./refusal.ts";

test("ReLU cuts what is not positive, and lets NaN be seen", () => {
  expect(addRelu(Float32Array.of(-1, 0, 2, Number.NaN))).toEqual(
    Float32Array.of(0, 0, 2, Number.NaN),
  );
  expect(addRelu(Float64Array.of(-1, 2), Float64Array.of(3, -5))).toEqual(Float64Array.of(2, 0));
});

test("its gradient passes where the result is > 0, not at 0", () => {
  const dy = Float64Array.of(5, 6, 7);
  expect(reluGradient(dy, Float64Array.of(0, 2, 1e-300))).toEqual(Float64Array.of(0, 6, 7));
});

test("normalization, addition and ReLU agree with finite differences together", () => {
  const layout = layoutOf([6, 2]);
  const [x, z, dy] = [normals("x", 12), normals("z", 12), normals("dy", 12)];
  const parameters = { gamma: normals("gamma", 2), beta: normals("beta", 2), epsilon: 1e-3 };
  const forward = (): Float64Array => addRelu(forwardTraining(x, layout, parameters).y, z);
  const loss = (): number => dot(forward(), dy);
  const dz = reluGradient(dy, forward());
  const { moments } = forwardTraining(x, layout, parameters);
  const { dx, dgamma, dbeta } = backwardTraining(dz, x, layout, moments, parameters);
  expectDerivative(dz, z, loss);
  expectDerivative(dx, x, loss);
  expectDerivative(dgamma, parameters.gamma, loss);
  expectDerivative(dbeta, parameters.beta, loss);
});

describe("out", () => {
  test("may be an input", () => {
    const [y, z, dy] = [Float64Array.of(-1, 2), Float64Array.of(3, 4), Float64Array.of(5, 6)];
    expect(addRelu(y, z, z)).toBe(z);
    expect(z).toEqual(Float64Array.of(2, 6));
    expect(addRelu(y, null, y)).toEqual(Float64Array.of(0, 2));
    expect(reluGradient(dy, z, dy)).toBe(dy);
  });

  test("and all else must fit", () => {
    const [two, three] = [new Float64Array(2), new Float64Array(3)];
    expectRefusal("ERR_BATCHNORM_SHAPE", () => addRelu(two, three));
    expectRefusal("ERR_BATCHNORM_SHAPE", () => addRelu(two, null, three));
    expectRefusal("ERR_BATCHNORM_SHAPE", () => reluGradient(two, three));
    expectRefusal("ERR_BATCHNORM_SHAPE", () =>
      reluGradient(three.subarray(1), two, three.subarray(0, 2)),
    );
    expectRefusal("ERR_BATCHNORM_DTYPE", () => addRelu([1, 2] as never));
  });
});
