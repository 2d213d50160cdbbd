import type { BatchNormState } from "../state.ts";

/** How far sampling alone may take a batch's statistics from the running ones, as variances. */
export interface SamplingError {
  /** Of the difference of the two means, in units of the data's variance. */
  readonly mean: number;
  /** Of the logarithm of the ratio of the two variances. */
  readonly logRatio: number;
}

/**
 * The sampling error of a batch of m values against running statistics that are the mean of batches
 * of m_t values, weighted by w_i, with S = Σw_i²:
 *
 * - the mean of m values has variance σ²/m, and the running one S · σ²/m_t;
 * - for normal data s² is σ²·χ²/ν with ν = m − 1, so ln s² has the variance ψ₁(ν/2), about
 *   2/ν + 2/ν² + 4/(3ν³); the running one, near its expectation, S · 2/(m_t − 1).
 *
 * Values that depend on each other, as neighbouring pixels do, count for fewer than m, and heavier
 * tails than the normal's widen the second; the thresholds leave room for both.
 *
 * @param count - m, ≥ 2.
 * @see Bartlett & Kendall 1946, "The statistical analysis of variance-heterogeneity and the
 * logarithmic transformation"
 */
export function samplingError(state: BatchNormState, count: number): SamplingError {
  const trained = state.valuesPerChannel ?? count;
  const squares = sumOfSquaredWeights(state);
  const freedom = count - 1;
  return {
    mean: 1 / count + squares / trained,
    logRatio:
      2 / freedom +
      2 / freedom ** 2 +
      4 / (3 * freedom ** 3) +
      (squares * 2) / Math.max(trained - 1, 1),
  };
}

/**
 * S, which follows s ← d² · s + (1 − d)², d being what an update leaves of the old value, in closed
 * form. With r = (1 − d)/(1 + d) and t updates: r · (1 − d^2t) for zero-one; with the first batch in
 * the place of 0 and 1, its d^2(t − 1) more; divided by (1 − d^t)² for debiased; 1/t for cumulative.
 * 0 when updates were not counted: imported statistics pass for those of a long training.
 */
function sumOfSquaredWeights({ momentum, start, updates }: BatchNormState): number {
  if (updates === 0) return 0;
  if (momentum === "cumulative") return 1 / updates;
  const faded = (batches: number): number =>
    ((1 - momentum) / (1 + momentum)) * (1 - momentum ** (2 * batches));
  if (start === "zero-one") return faded(updates);
  if (start === "debiased") return faded(updates) / (1 - momentum ** updates) ** 2;
  return momentum ** (2 * (updates - 1)) + faded(updates - 1);
}
