import type { FloatArray } from "@batchnorm/core";
import fc from "fast-check";

/** The constructor of either type. */
export interface Floats {
  new (length: number): FloatArray;
  new (buffer: ArrayBufferLike, offset?: number, length?: number): FloatArray;
  from(items: { length: number }, valueAt: (value: unknown, at: number) => number): FloatArray;
  readonly BYTES_PER_ELEMENT: number;
}

/**
 * Small integers in a fixed disorder. Sums of thousands of their products are exact in float32 in any
 * order, so a product of them is right to the last bit or wrong.
 */
export function integers(floats: Floats, length: number, seed: number): FloatArray {
  let state = seed | 1;
  return floats.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0; // Numerical Recipes' generator
    return (state >> 24) % 8;
  });
}

/** Sizes on both sides of every threshold: lanes, pairs of vectors, tiles, panels, blocks. */
export const shapes = fc.oneof(
  { weight: 4, arbitrary: shapesUpTo(40, 40, 40) },
  { weight: 1, arbitrary: shapesUpTo(9, 1600, 9) },
  { weight: 1, arbitrary: shapesUpTo(70, 600, 20) },
);

function shapesUpTo(rows: number, inner: number, columns: number) {
  return fc.record({
    rows: fc.nat(rows),
    inner: fc.nat(inner),
    columns: fc.nat(columns),
  });
}

export interface Reference {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly a: (i: number, k: number) => number;
  readonly b: (k: number, j: number) => number;
  readonly rowBias: FloatArray | null;
  readonly columnBias: FloatArray | null;
  /** What is added to; null for nothing. */
  readonly before: ((i: number, j: number) => number) | null;
  readonly relu: boolean;
}

/** C[i, j] by the definition, in float64. */
export function referenceAt(product: Reference, i: number, j: number): number {
  const { inner, a, b, rowBias, columnBias, before, relu } = product;
  let sum = (rowBias?.[i] ?? 0) + (columnBias?.[j] ?? 0) + (before?.(i, j) ?? 0);
  for (let k = 0; k < inner; k++) sum += a(i, k) * b(k, j);
  return relu ? Math.max(0, sum) : sum;
}
