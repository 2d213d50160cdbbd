import { Decimal } from "decimal.js";

// 60 digits: a float64 product needs 32, and sums of a few thousand of them four more.
const Exact = Decimal.clone({ precision: 60 });

/** The float itself, not the shortest decimal that rounds to it, which Decimal takes of a number. */
export const exactOf = (value: number): Decimal => new Exact(value.toPrecision(60));

/** One channel's Batch Normalization in 60-digit arithmetic on the very floats that are given. */
export function exactly(values: ArrayLike<number>, epsilon: number) {
  const x = Array.from(values, exactOf);
  const sum = (terms: Decimal[]): Decimal => terms.reduce((a, b) => a.plus(b), new Exact(0));
  const mean = sum(x).div(x.length);
  const centered = x.map((value) => value.minus(mean));
  const m2 = sum(centered.map((value) => value.times(value)));
  const root = m2.div(x.length).plus(epsilon).sqrt();
  return { mean, m2, xHat: centered.map((value) => value.div(root)) };
}

/** max |Δy| / max(1, |y|) against exact mathematics. */
export function worstError(y: ArrayLike<number>, exact: Decimal[]): number {
  const errors = exact.map((value, i) => {
    const difference = value.minus(exactOf(y[i] as number)).abs();
    return difference.div(Decimal.max(1, value.abs())).toNumber();
  });
  return Math.max(...errors);
}
