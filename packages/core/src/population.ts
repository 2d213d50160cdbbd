import { refuse } from "./errors.ts";
import {
  emptyMoments,
  type Moments,
  mergeMoments,
  requireMoments,
  type VarianceEstimator,
  varianceOf,
} from "./moments.ts";

/** The statistics of a whole data set, to normalize by at inference instead of moving averages. */
export interface PopulationStatistics {
  /** One value per channel, in units of x. */
  readonly mean: Float64Array;
  /** One value per channel, in units of x², ≥ 0. */
  readonly variance: Float64Array;
  /** Which variance that is; Algorithm 2's is unbiased. */
  readonly varianceEstimator: VarianceEstimator;
  /** Values per channel, all batches together. */
  readonly count: number;
  /** Batches that were not empty. */
  readonly batches: number;
  /**
   * The m by which the unbiased variance is m / (m − 1) of the biased one: `count` when exact, that of
   * the batches by Algorithm 2, and null there when it varied.
   */
  readonly valuesPerChannel: number | null;
}

/**
 * Mean and variance of a population from the moments of its batches.
 *
 * - `"biased"`, `"unbiased"`: exact, as if computed over all values at once. The moments merge, and
 *   `variance = M2 / n` or `M2 / (n − 1)`. The order is that of the batches, so the same batches give
 *   the same bits.
 * - `"algorithm-2"`: the paper's. `mean = E[μ_B]`, `variance = E[m_B / (m_B − 1) · σ²_B]`, E being the
 *   mean over batches, whatever their sizes. It leaves out how far the μ_B lie apart.
 *
 * Either way batches' means and variances are what is averaged, never gamma and beta. Empty batches
 * count for nothing, as in `updateRunning`: they have no μ_B to average.
 *
 * @param batches - Walked once; each may be overwritten once the next is asked for.
 * @throws {BatchNormError} `ERR_BATCHNORM_TOO_FEW_VALUES` when all batches together hold fewer than two
 * values per channel, or by Algorithm 2 one batch holds a single one; `ERR_BATCHNORM_NON_FINITE` naming
 * the first batch that makes a mean or variance NaN or infinite; `ERR_BATCHNORM_OPTION`,
 * `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`.
 * @see Ioffe & Szegedy 2015, Algorithm 2; Chan, Golub & LeVeque 1983, eq. 2.1
 */
export function populationStatistics(
  batches: Iterable<Moments>,
  rule: VarianceEstimator | "algorithm-2" = "unbiased",
): PopulationStatistics {
  if (rule !== "biased" && rule !== "unbiased" && rule !== "algorithm-2") {
    refuse("ERR_BATCHNORM_OPTION", "rule must be biased, unbiased or algorithm-2", rule);
  }
  return rule === "algorithm-2" ? average(held(batches)) : merge(held(batches), rule);
}

/** A batch with values, and its place among all. */
type Held = { readonly moments: Moments; readonly index: number };

/** The batches that hold values, checked. */
function* held(batches: Iterable<Moments>): Generator<Held> {
  let channels: number | null = null;
  let index = 0;
  for (const moments of batches) {
    channels ??= moments.mean.length;
    requireMoments(`batch ${index}`, moments, channels);
    for (const key of ["mean", "m2"] as const) {
      const bad = moments[key].findIndex((value) => !Number.isFinite(value));
      if (bad >= 0) {
        const rule = `batch ${index} must have a finite mean and variance in channel ${bad}`;
        refuse("ERR_BATCHNORM_NON_FINITE", rule, moments[key][bad]);
      }
    }
    if (moments.count > 0) yield { moments, index };
    index++;
  }
}

/** All values as one set. */
function merge(batches: Iterable<Held>, estimator: VarianceEstimator): PopulationStatistics {
  let total: Moments | null = null;
  let number = 0;
  for (const { moments } of batches) {
    total ??= emptyMoments(moments.mean.length);
    mergeMoments(total, moments, total);
    number++;
  }
  if (total === null || total.count < 2) refuseTooFew(total?.count ?? 0);
  return {
    mean: total.mean,
    variance: varianceOf(total, estimator),
    varianceEstimator: estimator,
    count: total.count,
    batches: number,
    valuesPerChannel: total.count,
  };
}

/** Algorithm 2: every batch alike. */
function average(batches: Iterable<Held>): PopulationStatistics {
  let sums: Sums | null = null;
  const sizes: number[] = [];
  for (const { moments, index } of batches) {
    if (moments.count === 1) {
      const rule = `batch ${index} must hold 2 values per channel or more, for Algorithm 2 divides by m − 1`;
      refuse("ERR_BATCHNORM_TOO_FEW_VALUES", rule, moments.count);
    }
    sums ??= sumsFrom(moments);
    add(sums, moments);
    sizes.push(moments.count);
  }
  if (sums === null) refuseTooFew(0);
  const { shift, differences, variances } = sums;
  const [size = null] = sizes;
  return {
    mean: shift.map((value, c) => value + (differences[c] as number) / sizes.length),
    variance: variances.map((sum) => sum / sizes.length),
    varianceEstimator: "unbiased",
    count: sizes.reduce((a, b) => a + b),
    batches: sizes.length,
    valuesPerChannel: sizes.every((other) => other === size) ? size : null,
  };
}

/** What Algorithm 2 sums up, per channel. */
interface Sums {
  /** The first μ_B: differences to it stay exact at means where a sum of them would be rounded. */
  readonly shift: Float64Array;
  /** Σ(μ_B − shift). */
  readonly differences: Float64Array;
  /** Σ m_B / (m_B − 1) · σ²_B. */
  readonly variances: Float64Array;
}

const sumsFrom = ({ mean }: Moments): Sums => ({
  shift: mean.slice(),
  differences: new Float64Array(mean.length),
  variances: new Float64Array(mean.length),
});

function add({ shift, differences, variances }: Sums, moments: Moments): void {
  const unbiased = varianceOf(moments, "unbiased");
  for (const [c, mean] of moments.mean.entries()) {
    const difference = mean - (shift[c] as number) + (moments.meanLow[c] as number);
    differences[c] = (differences[c] as number) + difference;
    variances[c] = (variances[c] as number) + (unbiased[c] as number);
  }
}

function refuseTooFew(count: number): never {
  const rule = "a population must hold 2 values per channel or more, to have a variance";
  refuse("ERR_BATCHNORM_TOO_FEW_VALUES", rule, count);
}
