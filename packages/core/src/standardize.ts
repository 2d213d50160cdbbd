import { type Moments, varianceOf } from "./moments.ts";
import type { Statistics } from "./parameters.ts";

/** What turns x into xHat, channel by channel: `xHat = ((x − mean) − meanLow) · r`. */
export interface Standardization {
  readonly mean: Float64Array;
  /** What the rounding of `mean` left out. */
  readonly meanLow: Float64Array;
  /** r = 1/√(variance + epsilon), in units of 1/x. */
  readonly r: Float64Array;
}

/**
 * By the batch's own moments, with the biased variance.
 *
 * Where variance and epsilon are both 0 every x is the mean, or so near to it that its square is no
 * float64: r = 0 then keeps xHat at 0, where 1/√0 would make it NaN. Moments of nothing, as of a batch
 * that is masked everywhere, have r = 0 too: y is beta, and no gradient comes through.
 */
export function byMoments(moments: Moments, epsilon: number): Standardization {
  const r = varianceOf(moments, "biased");
  for (let c = 0; c < r.length; c++) {
    const squared = (r[c] as number) + epsilon;
    r[c] = squared === 0 || moments.count === 0 ? 0 : 1 / Math.sqrt(squared);
  }
  return { mean: moments.mean, meanLow: moments.meanLow, r };
}

/** By fixed statistics. Where variance and epsilon are both 0, xHat is what IEEE 754 makes of 1/0. */
export function byStatistics({ mean, variance }: Statistics, epsilon: number): Standardization {
  const r = Float64Array.from(variance, (v) => 1 / Math.sqrt(v + epsilon));
  // A copy, so that an output over the statistics' memory cannot change them on the way.
  return { mean: Float64Array.from(mean), meanLow: new Float64Array(mean.length), r };
}
