import * as core from "@batchnorm/core";
import {
  arena,
  backwardInference,
  backwardTraining,
  computeMoments,
  forwardByMoments,
  forwardInference,
  forwardTraining,
  releaseScratch,
  type Tensor,
} from "@batchnorm/kernels";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { layouts, normals } from "./random.ts";

const runs = { seed: 20261121, numRuns: 150 };

/** A layout, its data, and what core makes of them in float64. */
function problemOf(layout: core.Layout, seed: number) {
  const size = core.sizeOf(layout);
  const { channels } = layout;
  const x = normals(`x${seed}`, size, 3, 2);
  const dy = normals(`dy${seed}`, size);
  const parameters = {
    gamma: normals(`gamma${seed}`, channels, 1, 0.3),
    beta: Float64Array.from(normals(`beta${seed}`, channels)),
    epsilon: 1e-3,
  };
  const statistics = {
    mean: normals(`mean${seed}`, channels, 3),
    variance: normals(`variance${seed}`, channels).map((value) => value * value),
  };
  const [X, DY] = [Float64Array.from(x), Float64Array.from(dy)];
  const { y, moments } = core.forwardTraining(X, layout, parameters);
  const exact = {
    y,
    moments,
    training: core.backwardTraining(DY, X, layout, moments, parameters),
    inference: core.forwardInference(X, layout, statistics, parameters),
    frozen: core.backwardInference(DY, X, layout, statistics, parameters),
  };
  return { x, dy, parameters, statistics, exact };
}

/** float32 results: off by some roundings of the largest terms that they are sums of, here of `unit`. */
function expectClose(values: core.FloatArray, truths: core.FloatArray, unit = 1): void {
  const largest = Float64Array.from(truths, Math.abs).reduce((a, b) => Math.max(a, b), unit);
  let worst = 0;
  for (const [i, truth] of truths.entries()) {
    const off = Math.abs((values[i] as number) - truth);
    if (!(off <= worst)) worst = off;
  }
  expect(worst / largest).toBeLessThan(3e-6);
}

function expectAgreement(layout: core.Layout, seed: number): void {
  const { x, dy, parameters, statistics, exact } = problemOf(layout, seed);
  const { y, moments } = forwardTraining(x, layout, parameters);
  expectClose(y, exact.y);
  expectClose(moments.mean, exact.moments.mean);
  expectClose(moments.m2, exact.moments.m2);
  expect(moments.count).toBe(exact.moments.count);
  expect(computeMoments(x, layout)).toEqual(moments);
  expect(forwardByMoments(x, layout, moments, parameters)).toEqual(y);
  expectClose(forwardInference(x, layout, statistics, parameters), exact.inference);
  const training = backwardTraining(dy, x, layout, moments, parameters);
  const frozen = backwardInference(dy, x, layout, statistics, parameters);
  for (const [ours, truth] of [
    [training, exact.training],
    [frozen, exact.frozen],
  ] as const) {
    // What dx is the difference of: gamma · r · dy, r up to 1/√epsilon where m is 1.
    expectClose(ours.dx, truth.dx, 3 / Math.sqrt(parameters.epsilon));
    // Sums of m terms of about 1, of which most may cancel.
    expectClose(ours.dgamma, truth.dgamma, moments.count);
    expectClose(ours.dbeta, truth.dbeta, moments.count);
  }
}

onEachBackend(() => {
  test("every pass agrees with core in float64", () => {
    const agrees = fc.property(layouts, fc.nat(), (layout, seed) => expectAgreement(layout, seed));
    fc.assert(agrees, runs);
  });

  // How many rows make a panel depends on the size of the tensor, in the cache or from memory, and on their width.
  test.each([
    [16_411, 64, 1],
    [8_221, 132, 1],
    [4999, 64, 1],
    [5003, 63, 1],
    [2503, 128, 1],
    [701, 512, 1],
    [601, 700, 1],
    [3, 70_001, 1],
    [7, 16, 3136],
    [130, 64, 49],
  ])("every pass agrees with core on [%i, %i, %i]", (outer, channels, inner) => {
    expectAgreement({ outer, channels, inner }, 1);
  });

  test("tensors of the arena give what plain arrays give, bit for bit", () => {
    fc.assert(
      fc.property(layouts, fc.nat(), (layout, seed) => {
        const { x, dy, parameters, statistics } = problemOf(layout, seed);
        const resident = [x, dy, x, dy].map(intoArena);
        const [rx, rdy, ry, rdx] = resident as [Floats, Floats, Floats, Floats];
        const plain = forwardTraining(x, layout, parameters);
        const { moments } = forwardTraining(rx.array, layout, parameters, { y: ry.array });
        expect(moments).toEqual(plain.moments);
        expect(ry.array).toEqual(plain.y);
        forwardInference(rx.array, layout, statistics, parameters, ry.array);
        expect(ry.array).toEqual(forwardInference(x, layout, statistics, parameters));
        const there = { dx: rdx.array };
        const sums = backwardTraining(rdy.array, rx.array, layout, moments, parameters, there);
        const gradients = backwardTraining(dy, x, layout, moments, parameters);
        expect({ ...sums, dx: rdx.array }).toEqual(gradients);
        for (const tensor of resident) tensor.free();
      }),
      { ...runs, numRuns: 100 },
    );
  });

  test("tensors of the arena and plain arrays mix, and inputs stay as they are", () => {
    const anywhere = fc.tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean());
    fc.assert(
      fc.property(layouts, fc.nat(), anywhere, (layout, seed, [a, b, c, d]) => {
        releaseScratch();
        const { x, dy, parameters } = problemOf(layout, seed);
        const place = (values: Float32Array, inArena: boolean): Floats =>
          inArena ? intoArena(values) : { array: values.slice(), length: 0, free: () => undefined };
        const held = [place(x, a), place(dy, b), place(x, c), place(dy, d)] as const;
        const [px, pdy, py, pdx] = held;
        py.array.fill(0);
        const { moments } = forwardTraining(px.array, layout, parameters, { y: py.array });
        const dx = pdx.array.fill(0);
        backwardTraining(pdy.array, px.array, layout, moments, parameters, { dx });
        // Only now, so that what a pass copies through is not there yet.
        expect(py.array).toEqual(forwardTraining(x, layout, parameters).y);
        const gradients = backwardTraining(dy, x, layout, moments, parameters);
        expect(pdx.array).toEqual(gradients.dx);
        expect(px.array).toEqual(x);
        expect(pdy.array).toEqual(dy);
        for (const tensor of held) tensor.free();
      }),
      { ...runs, numRuns: 60 },
    );
  });

  test("results may go where inputs are", () => {
    fc.assert(
      fc.property(layouts, fc.nat(), fc.boolean(), (layout, seed, inArena) => {
        const { x, dy, parameters } = problemOf(layout, seed);
        const { y, moments } = forwardTraining(x, layout, parameters);
        const { dx } = backwardTraining(dy, x, layout, moments, parameters);
        const place = (values: Float32Array): Floats =>
          inArena ? intoArena(values) : { array: values.slice(), length: 0, free: () => undefined };
        const [px, pdy, px2] = [place(x), place(dy), place(x)];
        backwardTraining(pdy.array, px.array, layout, moments, parameters, { dx: pdy.array });
        expect(pdy.array).toEqual(dx);
        backwardTraining(place(dy).array, px.array, layout, moments, parameters, { dx: px.array });
        expect(px.array).toEqual(dx);
        forwardTraining(px2.array, layout, parameters, { y: px2.array });
        expect(px2.array).toEqual(y);
      }),
      { ...runs, numRuns: 50 },
    );
  });

  describe("what float32 does not carry", () => {
    const layout = { outer: 40, channels: 5, inner: 1 };

    test.each([1e-40, 1e-22, 1e25, 3e37])("values of about %d are computed in float64", (unit) => {
      const x = normals("x", 200).map((value) => value * unit);
      const parameters = { epsilon: unit * unit * 1e-3 };
      const exact = core.forwardTraining(Float64Array.from(x), layout, parameters);
      const { y, moments } = forwardTraining(x, layout, parameters);
      expectClose(y, exact.y);
      expectClose(
        moments.m2.map((m2, c) => m2 / (exact.moments.m2[c] as number)),
        new Float64Array(5).fill(1),
      );
      const dy = normals("dy", 200).map((value) => value * unit);
      const [DY, X] = [Float64Array.from(dy), Float64Array.from(x)];
      const gradients = core.backwardTraining(DY, X, layout, exact.moments, parameters);
      const ours = backwardTraining(dy, x, layout, moments, parameters);
      expectClose(ours.dx, gradients.dx);
    });

    test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])("channel %d is tiny, and the others constant", (c) => {
      const tiny = { outer: 40, channels: 9, inner: 1 };
      const x = new Float32Array(360).fill(2);
      for (let i = c; i < 360; i += 9) x[i] = (i % 2) * 1e-25;
      const { m2 } = core.computeMoments(Float64Array.from(x), tiny);
      expect(m2[c]).toBeGreaterThan(0);
      for (const [at, value] of computeMoments(x, tiny).m2.entries()) {
        expect(value).toBeCloseTo(m2[at] as number, 60);
      }
    });

    test("a constant channel has variance 0 and gives beta", () => {
      const x = normals("x", 200);
      for (let i = 2; i < x.length; i += 5) x[i] = 0.1;
      const { y, moments } = forwardTraining(x, layout, { epsilon: 1e-5, beta: normals("b", 5) });
      expect(moments.m2[2]).toBe(0);
      expect(y[2]).toBe(normals("b", 5)[2]);
      expect(y[197]).toBe(y[2]);
    });

    test.each([Number.NaN, Number.POSITIVE_INFINITY])("%d spoils its own channel only", (bad) => {
      const x = normals("x", 200);
      x[7] = bad;
      const { moments } = forwardTraining(x, layout, { epsilon: 1e-5 });
      expect(moments.m2[2]).toBeNaN();
      expect([0, 1, 3, 4].every((c) => Number.isFinite(moments.m2[c]))).toBe(true);
    });
  });
});

type Floats = Tensor<Float32Array>;

function intoArena(values: Float32Array): Floats {
  const tensor = arena.float32(values.length);
  tensor.array.set(values);
  return tensor;
}
