import { backwardTraining, backwardTwice, computeMoments, layoutOf } from "@batchnorm/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { anyCase, dot, expectDerivative } from "./finite-differences.ts";
import { normals } from "./random.ts";
import { expectRefusal } from "./refusal.ts";

test("gradients of gradients agree with finite differences over 300 shapes", () => {
  fc.assert(
    fc.property(anyCase, ({ layout, x, dy, ...parameters }) => {
      // Where the deviation nears √epsilon third derivatives outgrow the step; 0.1 keeps clear of it.
      const smooth = { ...parameters, epsilon: 0.1 };
      const v = normals("v", x.length);
      const dx = (): Float64Array =>
        backwardTraining(dy, x, layout, computeMoments(x, layout), smooth).dx;
      const loss = (): number => dot(dx(), v);
      const second = backwardTwice(v, dy, x, layout, computeMoments(x, layout), smooth);
      expectDerivative(second.ddy, dy, loss);
      expectDerivative(second.dx, x, loss);
      if (smooth.gamma) expectDerivative(second.dgamma, smooth.gamma, loss);
    }),
    { seed: 8, numRuns: 300 },
  );
});

test("gradients of gradients are refused for what does not fit", () => {
  const layout = layoutOf([3, 1]);
  const x = Float64Array.of(1, 2, 4);
  const moments = computeMoments(x, layout);
  const two = Float64Array.of(1, 2);
  for (const [v, dy, values] of [
    [two, x, x],
    [x, two, x],
    [x, x, two],
  ] as const) {
    expectRefusal("ERR_BATCHNORM_SHAPE", () =>
      backwardTwice(v, dy, values, layout, moments, { epsilon: 1 }),
    );
  }
  const other = { ...moments, count: 5 };
  expectRefusal("ERR_BATCHNORM_SHAPE", () => backwardTwice(x, x, x, layout, other, { epsilon: 1 }));
  expect(x).toEqual(Float64Array.of(1, 2, 4));
});
