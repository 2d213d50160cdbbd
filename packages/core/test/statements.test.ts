// Statements about Batch Normalization that are often read and wrong. Three more are shown where what
// they are about is tested: that a z-score lies in [−1, 1] and that gamma = √(Var + ε), beta = E is
// the initial setting in scaling.test.ts, that inference averages gamma and beta in population.test.ts.
import { BatchNorm, backwardTraining, forwardTraining, layoutOf } from "@batchnorm/core";
import { describe, expect, test } from "vitest";
import { normals } from "./random.ts";

/** A dense layer without bias, `Wu`: inputs `[8, 3]`, weights `[3, 2]`. */
const u = normals("u", 24);
const W = normals("W", 6);
const dy = normals("dy", 16);
const layout = layoutOf([8, 2]);

const product = (weights: Float64Array): Float64Array =>
  Float64Array.from({ length: 16 }, (_, at) => {
    const [row, o] = [Math.floor(at / 2), at % 2];
    return [0, 1, 2].reduce(
      (sum, i) => sum + (u[row * 3 + i] as number) * (weights[i * 2 + o] as number),
      0,
    );
  });

/** xHat of (aW)u, and the gradients of Σ dy · xHat with respect to u and to the weights aW. */
function scaled(a: number) {
  const weights = W.map((w) => a * w);
  const x = product(weights);
  const parameters = { epsilon: 1e-14 };
  const { y, moments } = forwardTraining(x, layout, parameters);
  const { dx } = backwardTraining(dy, x, layout, moments, parameters);
  const du = u.map((_, at) => {
    const [row, i] = [Math.floor(at / 3), at % 3];
    return [0, 1].reduce(
      (sum, o) => sum + (dx[row * 2 + o] as number) * (weights[i * 2 + o] as number),
      0,
    );
  });
  const dW = W.map((_, at) => {
    const [i, o] = [Math.floor(at / 2), at % 2];
    return Array.from({ length: 8 }, (_, row) => row).reduce(
      (sum, row) => sum + (dx[row * 2 + o] as number) * (u[row * 3 + i] as number),
      0,
    );
  });
  return { y, du, dW };
}

const near = (values: Float64Array, factor: number) =>
  Array.from(values, (value) => expect.closeTo(factor * value, 9));

describe("“BN(aWu) = BN(Wu), ∂/∂u is the same, and ∂/∂(aW) is 1/a of ∂/∂W”", () => {
  const [one, seven, minus] = [scaled(1), scaled(7.5), scaled(-2)];

  test("holds for a > 0", () => {
    expect(Array.from(seven.y)).toEqual(near(one.y, 1));
    expect(Array.from(seven.du)).toEqual(near(one.du, 1));
    expect(Array.from(seven.dW)).toEqual(near(one.dW, 1 / 7.5));
  });

  test("is wrong for a < 0: xHat and ∂/∂u flip their sign, and the weight's gradient is 1/|a|", () => {
    expect(Array.from(minus.y)).toEqual(near(one.y, -1));
    expect(Array.from(minus.du)).toEqual(near(one.du, -1));
    expect(Array.from(minus.dW)).toEqual(near(one.dW, 1 / 2));
  });
});

test("“EMA = β · x + (1 − β) · EMA with β = 0.99” would put 0.99 on the new sample", () => {
  const layer = new BatchNorm(1, { momentum: 0.99, start: "zero-one" });
  layer.forward(Float64Array.of(99, 101), [2, 1], { training: true });
  expect(layer.running?.mean[0]).toBeCloseTo(1, 12);
});

test("“gamma ← gamma + rate · Σ xHat · delta” descends only where delta is −∂L/∂y", () => {
  const x = normals("x", 16);
  const target = normals("target", 16);
  const gamma = Float64Array.of(1, 1);
  const loss = (): number =>
    forwardTraining(x, layout, { gamma, epsilon: 1e-5 }).y.reduce(
      (sum, y, i) => sum + (y - (target[i] as number)) ** 2 / 2,
      0,
    );
  const { y, moments } = forwardTraining(x, layout, { gamma, epsilon: 1e-5 });
  const gradient = y.map((value, i) => value - (target[i] as number));
  const step = (delta: Float64Array): number => {
    const { dgamma } = backwardTraining(delta, x, layout, moments, { gamma, epsilon: 1e-5 });
    for (const c of [0, 1]) gamma[c] = 1 + 0.01 * (dgamma[c] as number);
    return loss();
  };
  gamma.fill(1);
  const before = loss();
  expect(step(gradient.map((g) => -g))).toBeLessThan(before);
  expect(step(gradient)).toBeGreaterThan(before);
});
