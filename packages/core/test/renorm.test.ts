import {
  BatchNorm,
  type BatchNormState,
  backwardTraining,
  computeMoments,
  correctParameters,
  createRenormStatistics,
  forwardByMoments,
  layoutOf,
  renormCorrection,
  resolveRenorm,
} from "@batchnorm/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyCase, dot, expectDerivative } from "./finite-differences.ts";
import { normals } from "./random.ts";
import { expectRefusal } from "./refusal.ts";

const train = { training: true };
const epsilon = 1e-3;
const x = normals("x", 12, 3, 2);
const dy = normals("dy", 12);

test("a correction scales and shifts what gamma and beta make of it", () => {
  const correction = { r: Float64Array.of(3), d: Float64Array.of(0.5) };
  const parameters = { gamma: Float64Array.of(2), beta: Float64Array.of(7), epsilon: 0.1 };
  expect(correctParameters(parameters, correction)).toEqual({
    gamma: Float64Array.of(6),
    beta: Float64Array.of(8),
    epsilon: 0.1,
  });
});

test("a correction is the batch's distance to what is known, clipped", () => {
  const known = createRenormStatistics(3);
  known.mean.set([1, 1e4, -10]);
  known.deviation.set([2, 100, 0.01]);
  const moments = computeMoments(Float64Array.of(0, 1, 2, 4, 3, 4), layoutOf([2, 3]));
  const { r, d } = renormCorrection(
    known,
    moments,
    0,
    resolveRenorm({ rmin: 0.5, rmax: 3, dmax: 2 }),
  );
  expect(r).toEqual(Float64Array.of(2 / 2, 0.5, 3));
  expect(d).toEqual(Float64Array.of((2 - 1) / 2, -2, 2));
});

describe("a layer with renorm", () => {
  test("is plain Batch Normalization when clipped to r = 1, d = 0", () => {
    const [layer, plain] = [
      new BatchNorm(2, { renorm: { rmin: 1, rmax: 1, dmax: 0 } }),
      new BatchNorm(2),
    ];
    expect(layer.forward(x, [6, 2], train)).toEqual(plain.forward(x, [6, 2], train));
    expect(layer.backward(dy)).toEqual(plain.backward(dy));
  });

  test("normalizes by what was known before the batch when nothing is clipped", () => {
    const layer = new BatchNorm(2, { epsilon, renorm: {} });
    const y = layer.forward(x, [6, 2], train);
    // Mean 0, deviation 1 were known: xHat · σ + mean is x itself.
    for (const [i, value] of y.entries()) expect(value).toBeCloseTo(x[i] as number, 13);
  });

  test("moves its averages by their momenta, and the variance by the deviation", () => {
    const options = {
      epsilon,
      momentum: 0.75,
      start: "zero-one",
      renorm: { momentum: 0.5 },
    } as const;
    const layer = new BatchNorm(1, options);
    const batch = Float64Array.of(1, 5);
    layer.forward(batch, [2, 1], train);
    const sigma = Math.sqrt(4 + epsilon);
    const moving = 0.75 * 1 + 0.25 * sigma;
    expect(layer.renorm?.mean[0]).toBe(1.5);
    expect(layer.renorm?.deviation[0]).toBeCloseTo(0.5 + 0.5 * sigma, 15);
    expect(layer.renorm?.movingDeviation[0]).toBeCloseTo(moving, 15);
    expect(layer.running?.mean[0]).toBe(0.75);
    expect(layer.running?.variance[0]).toBeCloseTo(moving ** 2 - epsilon, 15);
    layer.forward(new Float64Array(2), [2, 1], { ...train });
    expect(layer.running?.updates).toBe(2);
  });

  test("never has a negative variance", () => {
    // √3² falls short of 3 by a rounding.
    const layer = new BatchNorm(1, { epsilon: 3, momentum: 0, renorm: {} });
    layer.running?.variance.set([9]);
    layer.forward(Float64Array.of(2, 2), [2, 1], train);
    expect(layer.running?.variance[0]).toBe(0);
  });

  test("goes by the running statistics at inference and when frozen", () => {
    const layer = new BatchNorm(2, { renorm: {} });
    layer.forward(x, [6, 2], train);
    const plain = BatchNorm.fromState({ ...layer.toState(), renorm: null });
    expect(layer.forward(x, [6, 2])).toEqual(plain.forward(x, [6, 2]));
    layer.trainable = false;
    expect(layer.forward(x, [6, 2], train)).toEqual(plain.forward(x, [6, 2]));
  });

  test("keeps a bad or hidden batch out of everything", () => {
    const layer = new BatchNorm(2, { renorm: {}, onNonFinite: "skip" });
    layer.forward(x, [6, 2], train);
    const before = layer.toState();
    layer.forward(
      x.map(() => Number.NaN),
      [6, 2],
      train,
    );
    expect(layer.forward(x, [6, 2], { ...train, mask: [0, 0, 0, 0, 0, 0] })).toEqual(
      new Float64Array(12),
    );
    expect(layer.toState()).toEqual(before);
  });

  test("sums dgamma over the corrected values", () => {
    const layer = new BatchNorm(2, { renorm: { rmax: 1.5, dmax: 0.5 } });
    layer.renorm?.mean.set([2.5, 9]);
    layer.renorm?.deviation.set([1.8, 0.7]);
    const z = layer.forward(x, [6, 2], train); // gamma 1, beta 0: y is z
    const { dgamma } = layer.backward(dy);
    const sum = (c: number): number =>
      dy.reduce((s, g, i) => s + (i % 2 === c ? g * (z[i] as number) : 0), 0);
    for (const c of [0, 1]) expect(dgamma[c]).toBeCloseTo(sum(c), 12);
  });

  test("goes on byte for byte from its state", () => {
    for (const renorm of [{}, { rmin: 0.5, rmax: 3, dmax: 5, momentum: 0.9 }]) {
      const layer = new BatchNorm(2, { renorm });
      layer.forward(x, [6, 2], train);
      const state = JSON.parse(JSON.stringify(layer.toState())) as BatchNormState;
      const restored = BatchNorm.fromState(state);
      const loaded = new BatchNorm(2, { renorm: {} });
      loaded.loadState(state);
      expect(restored.options.renorm).toEqual(layer.options.renorm);
      const y = layer.forward(x, [6, 2], train);
      expect(restored.forward(x, [6, 2], train)).toEqual(y);
      expect(loaded.forward(x, [6, 2], train)).toEqual(y);
      expect(restored.toState()).toEqual(layer.toState());
    }
  });

  test("refuses a state that is malformed, or has no such averages", () => {
    const layer = new BatchNorm(2, { renorm: {} });
    const state = layer.toState();
    const renorm = state.renorm as NonNullable<BatchNormState["renorm"]>;
    for (const bad of [
      null,
      7,
      { ...renorm, mean: null },
      { ...renorm, mean: [1] },
      { ...renorm, deviation: [1, -1] },
      { ...renorm, movingDeviation: [1, null] },
      { ...renorm, extra: 1 },
      { rmin: 0 },
    ]) {
      expectRefusal("ERR_BATCHNORM_STATE", () => layer.loadState({ ...state, renorm: bad }));
    }
    expectRefusal("ERR_BATCHNORM_OPTION", () =>
      layer.loadState({ ...state, renorm: { ...renorm, rmax: -1 } }),
    );
    expectRefusal("ERR_BATCHNORM_STATE", () => BatchNorm.fromState(state, { renorm: null }));
    expectRefusal("ERR_BATCHNORM_STATE", () => new BatchNorm(2).loadState(state));
    expectRefusal("ERR_BATCHNORM_SHAPE", () => createRenormStatistics(0));
    expect(layer.toState()).toEqual(state);
  });
});

test("gradients agree with finite differences, r and d being constants, over 200 shapes", () => {
  fc.assert(
    fc.property(anyCase, ({ layout, x, dy, ...parameters }) => {
      const known = createRenormStatistics(layout.channels);
      known.mean.fill(0.3);
      known.deviation.fill(1.7);
      const moments = computeMoments(x, layout);
      const clipping = resolveRenorm({ rmax: 1.2, dmax: 0.4 });
      const correction = renormCorrection(known, moments, parameters.epsilon, clipping);
      const corrected = () => correctParameters(parameters, correction);
      const { dx } = backwardTraining(dy, x, layout, moments, corrected());
      const loss = (): number =>
        dot(forwardByMoments(x, layout, computeMoments(x, layout), corrected()), dy);
      expectDerivative(dx, x, loss);
    }),
    { seed: 7, numRuns: 200 },
  );
});
