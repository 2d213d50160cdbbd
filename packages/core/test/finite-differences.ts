import { type Layout, layoutOf, sizeOf } from "@batchnorm/core";
import fc from "fast-check";
import { expect } from "vitest";
import { normals } from "./random.ts";

// The step and tolerances of PyTorch's gradcheck, in float64.
const step = 1e-6;
const close = (numeric: number, analytic: number): boolean =>
  Math.abs(numeric - analytic) <= 1e-5 + 1e-3 * Math.abs(analytic);

export interface Case {
  readonly layout: Layout;
  readonly x: Float64Array;
  readonly dy: Float64Array;
  readonly statistics: { mean: Float64Array; variance: Float64Array };
  readonly gamma: Float64Array | null;
  readonly beta: Float64Array | null;
  readonly epsilon: number;
}

/** Ranks 2 to 6, every axis from either end, sizes from 1 (one channel, one row) to 4. */
export const anyCase: fc.Arbitrary<Case> = fc
  .integer({ min: 2, max: 6 })
  .chain((rank) =>
    fc.record({
      shape: fc.array(fc.integer({ min: 1, max: rank > 4 ? 2 : 4 }), {
        minLength: rank,
        maxLength: rank,
      }),
      axis: fc.integer({ min: -rank, max: rank - 1 }),
      seed: fc.integer(),
      scale: fc.boolean(),
      center: fc.boolean(),
      epsilon: fc.constantFrom(1e-3, 1e-5),
    }),
  )
  .map(({ shape, axis, seed, scale, center, epsilon }) => {
    const layout = layoutOf(shape, axis);
    const { channels } = layout;
    return {
      layout,
      x: normals(`x ${seed}`, sizeOf(layout)),
      dy: normals(`dy ${seed}`, sizeOf(layout)),
      statistics: {
        mean: normals(`mean ${seed}`, channels),
        variance: normals(`variance ${seed}`, channels).map((v) => v * v + 0.1),
      },
      gamma: scale ? normals(`gamma ${seed}`, channels) : null,
      beta: center ? normals(`beta ${seed}`, channels) : null,
      epsilon,
    };
  });

/** Compares a gradient with central differences of L = Σ dy · y, nudging one value at a time. */
export function expectDerivative(
  analytic: ArrayLike<number>,
  values: Float64Array,
  loss: () => number,
): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    values[i] = value + step;
    const above = loss();
    values[i] = value - step;
    const below = loss();
    values[i] = value;
    const numeric = (above - below) / (2 * step);
    expect(close(numeric, analytic[i] as number), `[${i}]: ${numeric} ≈ ${analytic[i]}`).toBe(true);
  }
}

export const dot = (a: ArrayLike<number>, b: Float64Array): number =>
  b.reduce((sum, value, i) => sum + value * (a[i] as number), 0);
