/** No logarithm is taken of less. */
const smallest = 1e-15;

/**
 * The mean of ½ Σ (a − t)²; the gradient with respect to a goes to `gradient`. Offsets count values.
 */
export function squaredError(
  v: Float64Array,
  activations: number,
  targets: number,
  gradient: number,
  length: number,
  count: number,
): number {
  let sum = 0;
  for (let i = 0; i < length; i++) {
    const error = (v[activations + i] as number) - (v[targets + i] as number);
    sum += error * error;
    v[gradient + i] = error / count;
  }
  return sum / (2 * count);
}

/**
 * The mean of −Σ t · ln a + (1 − t) · ln(1 − a). To `gradient` goes the one with respect to what the
 * sigmoid was taken of, (a − t) / count.
 */
export function crossEntropy(
  v: Float64Array,
  activations: number,
  targets: number,
  gradient: number,
  length: number,
  count: number,
): number {
  // The same gradient, of another loss.
  squaredError(v, activations, targets, gradient, length, count);
  let sum = 0;
  for (let i = 0; i < length; i++) {
    const a = v[activations + i] as number;
    const t = v[targets + i] as number;
    sum -= t * Math.log(Math.max(a, smallest)) + (1 - t) * Math.log(Math.max(1 - a, smallest));
  }
  return sum / count;
}
