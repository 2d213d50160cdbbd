import {
  BatchNorm,
  backwardMasked,
  computeMoments,
  forwardByMoments,
  type Layout,
  layoutOf,
  type Mask,
  maskedMoments,
  parseMask,
  sizeOf,
  valuesPerChannel,
} from "@batchnorm/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyCase, dot, expectDerivative } from "./finite-differences.ts";
import { integers, normals } from "./random.ts";
import { expectRefusal } from "./refusal.ts";

const train = { training: true };
const epsilon = 1e-5;
const maskFor = (layout: Layout, seed: string): Uint8Array => {
  const next = integers(seed, 2);
  return Uint8Array.from({ length: valuesPerChannel(layout) }, next);
};

describe("a mask", () => {
  test("leaves the same moments as a batch without what it hides", () => {
    const x = Float64Array.of(1, 10, 99, 99, 3, 30, 5, 80);
    const mask = [true, false, true, true];
    const kept = Float64Array.of(1, 10, 3, 30, 5, 80);
    expect(maskedMoments(x, layoutOf([4, 2]), mask)).toEqual(
      computeMoments(kept, layoutOf([3, 2])),
    );
    // The same values, channels first: [2 samples, 2 channels, 2 pixels].
    const first = Float64Array.of(1, 99, 10, 99, 3, 5, 30, 80);
    expect(maskedMoments(first, layoutOf([2, 2, 2], 1), mask)).toEqual(
      maskedMoments(x, layoutOf([4, 2]), mask),
    );
  });

  test("hides NaN and infinity", () => {
    const x = Float64Array.of(1, Number.NaN, 3, Number.POSITIVE_INFINITY);
    const { count, mean, m2 } = maskedMoments(x, layoutOf([4, 1]), [1, 0, 1, 0]);
    expect([count, mean[0], m2[0]]).toEqual([2, 2, 2]);
  });

  test("is a 0 or 1, or a boolean, for each position", () => {
    const layout = layoutOf([2, 3, 2], 1);
    expect(parseMask([true, false, true, false], layout)).toEqual(Uint8Array.of(1, 0, 1, 0));
    expect(parseMask(Float32Array.of(1, 0, 0, 1), layout)).toEqual(Uint8Array.of(1, 0, 0, 1));
    for (const bad of [
      [1, 0, 1],
      [1, 0, 1, 2],
      [1, 0, 1, 0.5],
      [1, 0, 1, Number.NaN],
      ["1", 0, 1, 0],
      null,
    ]) {
      expectRefusal("ERR_BATCHNORM_MASK", () => parseMask(bad as Mask, layout));
    }
  });
});

test("masked gradients agree with finite differences over 300 shapes", () => {
  fc.assert(
    fc.property(anyCase, fc.string(), ({ layout, x, dy, ...parameters }, seed) => {
      const mask = maskFor(layout, seed);
      // One value per channel that counts has r = 1/√epsilon, too steep for a step of 1e-6 elsewhere.
      fc.pre(mask.reduce((a, b) => a + b, 0) !== 1);
      const forward = (): Float64Array =>
        forwardByMoments(x, layout, maskedMoments(x, layout, mask), parameters);
      const moments = maskedMoments(x, layout, mask);
      const { dx, dgamma, dbeta } = backwardMasked(dy, x, layout, mask, moments, parameters);
      const loss = (): number => dot(forward(), dy);
      expectDerivative(dx, x, loss);
      if (parameters.gamma) expectDerivative(dgamma, parameters.gamma, loss);
      if (parameters.beta) expectDerivative(dbeta, parameters.beta, loss);
    }),
    { seed: 6, numRuns: 300 },
  );
});

test("a mask of ones changes nothing", () => {
  const layout = layoutOf([3, 2, 4], 1);
  const [x, dy] = [normals("x", sizeOf(layout)), normals("dy", sizeOf(layout))];
  const [masked, plain] = [new BatchNorm(2, { axis: 1 }), new BatchNorm(2, { axis: 1 })];
  const y = masked.forward(x, [3, 2, 4], { ...train, mask: new Uint8Array(12).fill(1) });
  expect(Array.from(y)).toEqual(
    Array.from(plain.forward(x, [3, 2, 4], train), (v) => expect.closeTo(v, 14)),
  );
  const { dx } = masked.backward(dy);
  expect(Array.from(dx)).toEqual(Array.from(plain.backward(dy).dx, (v) => expect.closeTo(v, 13)));
});

describe("a layer with a mask", () => {
  const x = Float64Array.of(1, 10, Number.NaN, 99, 3, 30);

  test("normalizes by what counts, tracks it, and lets no hidden NaN through", () => {
    const layer = new BatchNorm(2, { momentum: 0, epsilon });
    const y = layer.forward(x, [3, 2], { ...train, mask: [1, 0, 1] });
    expect(y[0]).toBeCloseTo(-1, 4);
    expect(y[3]).toBeCloseTo(7.9, 4);
    expect(layer.running).toMatchObject({ mean: Float64Array.of(2, 20), valuesPerChannel: 2 });
    const { dgamma, dx } = layer.backward(Float64Array.of(1, 1, 0, 0, 1, 1));
    expect(dgamma.some(Number.isNaN)).toBe(false);
    expect(dx.some(Number.isNaN)).toBe(false);
  });

  test("that hides everything gives beta, passes nothing back, and changes nothing", () => {
    const layer = new BatchNorm(2);
    layer.beta?.set([3, 4]);
    const before = layer.toState();
    const y = layer.forward(normals("x", 6), [3, 2], { ...train, mask: [0, 0, 0] });
    expect(y).toEqual(Float64Array.of(3, 4, 3, 4, 3, 4));
    const { dx, dgamma, dbeta } = layer.backward(Float64Array.of(1, 2, 1, 2, 1, 2));
    expect(Array.from(dx, Math.abs)).toEqual([0, 0, 0, 0, 0, 0]);
    expect([...dgamma, ...dbeta]).toEqual([0, 0, 3, 6]);
    expect(layer.toState()).toEqual(before);
  });

  test("that leaves one position is a batch of one value per channel", () => {
    const forward = (layer: BatchNorm) => layer.forward(x, [3, 2], { ...train, mask: [1, 0, 0] });
    expectRefusal("ERR_BATCHNORM_TOO_FEW_VALUES", () => forward(new BatchNorm(2)));
    expect(forward(new BatchNorm(2, { onSingleValue: "beta" }))[0]).toBe(0);
  });

  test("is checked at inference too, where it does not matter", () => {
    const layer = new BatchNorm(2);
    expectRefusal("ERR_BATCHNORM_MASK", () => layer.forward(x, [3, 2], { mask: [1] }));
    expect(layer.forward(x, [3, 2], { mask: [1, 0, 1] })).toEqual(layer.forward(x, [3, 2]));
  });
});

test("masked passes refuse what does not fit", () => {
  const layout = layoutOf([3, 1]);
  const x = Float64Array.of(1, 2, 3);
  const mask = [1, 1, 0];
  const moments = maskedMoments(x, layout, mask);
  expectRefusal("ERR_BATCHNORM_SHAPE", () => maskedMoments(x.subarray(1), layout, mask));
  expectRefusal("ERR_BATCHNORM_SHAPE", () =>
    backwardMasked(x, x, layout, [1, 1, 1], moments, { epsilon }),
  );
  expectRefusal("ERR_BATCHNORM_SHAPE", () =>
    backwardMasked(x.subarray(1), x, layout, mask, moments, { epsilon }),
  );
});
