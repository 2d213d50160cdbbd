/** What darknet adds to the deviation, outside the root (`normalize_cpu` in its src/blas.c). */
const outside = 1e-6;

/** Its square, which is what is left inside: `(√v + 1e-6)² = (v + 2e-6 · √v) + 1e-12`. */
export const epsilonInside = 1e-12;

/** The variance that, with {@link epsilonInside} inside the root, divides as darknet's does. */
export function varianceInside(variance: number): number {
  return variance + 2 * outside * Math.sqrt(variance);
}

/**
 * The inverse, for any epsilon: `√(variance + epsilon) = √v + 1e-6`.
 *
 * @returns v ≥ 0, and by what gamma must be multiplied: not 1 where darknet, which never divides by
 * less than 1e-6, would divide by too much.
 */
export function varianceOutside(
  variance: number,
  epsilon: number,
): { variance: number; factor: number } {
  const divisor = Math.sqrt(variance + epsilon);
  if (divisor < outside) return { variance: 0, factor: outside / divisor };
  return { variance: (divisor - outside) ** 2, factor: 1 };
}
