import { type FloatArray, requireFloat64, requireFloats } from "./arrays.ts";
import { refuse } from "./errors.ts";
import { type Layout, requireChannels, valuesPerChannel } from "./layout.ts";
import { walkOf } from "./walk.ts";

/**
 * What is known of a set of values per channel, in a form that merges exactly.
 *
 * The mean is `mean + meanLow`, its float64 rounding and what the rounding left out: at a mean of
 * 1e15 the values lie 0.125 apart and a rounded mean alone would spoil every difference to it.
 */
export interface Moments {
  /** Values per channel, n. */
  count: number;
  readonly mean: Float64Array;
  readonly meanLow: Float64Array;
  /** Σ(x − mean)², in units of x². */
  readonly m2: Float64Array;
}

/** How a variance is estimated from n values: ÷n, or ÷max(n − 1, 1). */
export type VarianceEstimator = "biased" | "unbiased";

/**
 * The moments of no value at all: the identity of {@link mergeMoments}.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` when the number of channels is no integer ≥ 1.
 */
export function emptyMoments(channels: number): Moments {
  requireChannels(channels);
  const zeros = (): Float64Array => new Float64Array(channels);
  return { count: 0, mean: zeros(), meanLow: zeros(), m2: zeros() };
}

/**
 * Count, mean and Σ(x − mean)² of every channel, in two passes over x.
 *
 * The first pass sums differences to the channel's first value, which stay small where plain sums of
 * large values would overflow; the second sums x − mean and its square, which both corrects the mean's rounding and
 * gives the variance. E[x²] − E[x]² would lose everything at mean 1e4, standard deviation 1e-2.
 *
 * @param x - Activations; length outer · channels · inner.
 * @param out - Filled and returned when given. A channel with a non-finite value gets `m2` NaN.
 * @throws {BatchNormError} `ERR_BATCHNORM_DTYPE` or `ERR_BATCHNORM_SHAPE`.
 * @see Chan, Golub & LeVeque 1983, "Algorithms for computing the sample variance", eq. 1.7
 */
export function computeMoments(
  x: FloatArray,
  layout: Layout,
  out: Moments = emptyMoments(layout.channels),
): Moments {
  const { channels, inner } = layout;
  const { size, blockStride, channelStride, span, step } = walkOf(layout);
  requireFloats("x", x, size);
  requireMoments("out", out, channels);
  const { mean, meanLow, m2 } = out;
  const count = valuesPerChannel(layout);
  out.count = count;
  meanLow.fill(0);
  m2.fill(0);
  if (count === 0) {
    mean.fill(0);
    return out;
  }

  for (let c = 0; c < channels; c++) mean[c] = x[c * inner] as number;
  for (let block = 0; block < size; block += blockStride) {
    for (let c = 0; c < channels; c++) {
      const first = block + c * channelStride;
      const end = Math.min(first + span, size);
      const shift = mean[c] as number;
      let sum = meanLow[c] as number;
      for (let i = first; i < end; i += step) sum += (x[i] as number) - shift;
      meanLow[c] = sum;
    }
  }
  for (let c = 0; c < channels; c++) mean[c] = (mean[c] as number) + (meanLow[c] as number) / count;

  meanLow.fill(0);
  for (let block = 0; block < size; block += blockStride) {
    for (let c = 0; c < channels; c++) {
      const first = block + c * channelStride;
      const end = Math.min(first + span, size);
      const center = mean[c] as number;
      let sum = meanLow[c] as number;
      let squares = m2[c] as number;
      for (let i = first; i < end; i += step) {
        const difference = (x[i] as number) - center;
        sum += difference;
        squares += difference * difference;
      }
      meanLow[c] = sum;
      m2[c] = squares;
    }
  }
  for (let c = 0; c < channels; c++) {
    const sum = meanLow[c] as number;
    m2[c] = Math.max(0, (m2[c] as number) - (sum / count) * sum);
    writeMean(out, c, mean[c] as number, sum / count);
  }
  return out;
}

/**
 * The moments of two sets together, as if computed over both at once:
 * `mean = a.mean + δ·b.n/n`, `M2 = a.M2 + b.M2 + δ²·a.n·b.n/n`, with `δ = b.mean − a.mean`.
 *
 * Empty moments are the identity.
 *
 * @param out - Filled and returned when given; may be `a` or `b`.
 * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` when the numbers of channels differ.
 * @see Chan, Golub & LeVeque 1983, eq. 2.1
 */
export function mergeMoments(
  a: Moments,
  b: Moments,
  out: Moments = emptyMoments(a.mean.length),
): Moments {
  const channels = a.mean.length;
  requireMoments("a", a, channels);
  requireMoments("b", b, channels);
  requireMoments("out", out, channels);
  if (a.count === 0) return copyMoments(b, out);
  if (b.count === 0) return copyMoments(a, out);
  const count = a.count + b.count;
  const share = b.count / count;
  const weight = a.count * share;
  for (let c = 0; c < channels; c++) {
    const aMean = a.mean[c] as number;
    const aLow = a.meanLow[c] as number;
    const delta = (b.mean[c] as number) - aMean + ((b.meanLow[c] as number) - aLow);
    out.m2[c] = (a.m2[c] as number) + (b.m2[c] as number) + delta * delta * weight;
    writeMean(out, c, aMean, aLow + delta * share);
  }
  out.count = count;
  return out;
}

/**
 * The variance of every channel: `M2 / n` or `M2 / max(n − 1, 1)`; 0 for no values.
 *
 * @param out - Filled and returned when given.
 * @throws {BatchNormError} `ERR_BATCHNORM_DTYPE` or `ERR_BATCHNORM_SHAPE`.
 */
export function varianceOf(
  moments: Moments,
  estimator: VarianceEstimator,
  out: Float64Array = new Float64Array(moments.m2.length),
): Float64Array {
  requireFloat64("out", out, moments.m2.length);
  const divisor = divisorOf(moments.count, estimator);
  for (let c = 0; c < out.length; c++) out[c] = (moments.m2[c] as number) / divisor;
  return out;
}

/** What M2 is divided by: n or n − 1, and at least 1. */
export const divisorOf = (count: number, estimator: VarianceEstimator): number =>
  Math.max(estimator === "unbiased" ? count - 1 : count, 1);

/** Writes `high + low` as a rounded sum and the exact remainder of the rounding (Knuth's 2Sum). */
function writeMean(out: Moments, c: number, high: number, low: number): void {
  const sum = high + low;
  const lowPart = sum - high;
  out.mean[c] = sum;
  out.meanLow[c] = Number.isFinite(sum) ? high - (sum - lowPart) + (low - lowPart) : 0;
}

function copyMoments(from: Moments, to: Moments): Moments {
  to.count = from.count;
  to.mean.set(from.mean);
  to.meanLow.set(from.meanLow);
  to.m2.set(from.m2);
  return to;
}

/**
 * @throws {BatchNormError} `ERR_BATCHNORM_DTYPE` or `ERR_BATCHNORM_SHAPE` when they are not float64 of
 * one value per channel, or the count is no integer ≥ 0.
 */
export function requireMoments(name: string, moments: Moments, channels: number): void {
  for (const key of ["mean", "meanLow", "m2"] as const) {
    requireFloat64(`${name}.${key}`, moments[key], channels);
  }
  if (!Number.isSafeInteger(moments.count) || moments.count < 0) {
    refuse("ERR_BATCHNORM_SHAPE", `${name}.count must be an integer ≥ 0`, moments.count);
  }
}
