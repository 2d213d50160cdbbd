import { type FloatArray, outputFor, requireFloats } from "./arrays.ts";
import { type Layout, sizeOf } from "./layout.ts";
import { computeMoments, type Moments, requireMoments } from "./moments.ts";
import {
  type AffineParameters,
  requireParameters,
  requireStatistics,
  type Statistics,
} from "./parameters.ts";
import { byMoments, byStatistics, type Standardization } from "./standardize.ts";
import { walkOf } from "./walk.ts";

/**
 * Normalizes each channel by its batch: `y = gamma · (x − mean) / √(variance + epsilon) + beta`,
 * with the biased variance `Σ(x − mean)² / m`.
 *
 * A channel of equal values, one value included, gives `y = beta`, also when epsilon is 0. So does
 * one whose variance overflows, from differences of about 1e154 on: its moments tell.
 *
 * @param x - Activations, viewed as `layout` says; length outer · channels · inner.
 * @param out - Where the results go; made when absent. `y` may be `x` itself, if no backward follows.
 * @returns y, of x's type, and the moments, which {@link backwardTraining} wants again.
 * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`, `ERR_BATCHNORM_OPTION`.
 * @see Ioffe & Szegedy 2015, Algorithm 1
 */
export function forwardTraining<T extends FloatArray>(
  x: T,
  layout: Layout,
  parameters: AffineParameters,
  out: { y?: T | undefined; moments?: Moments | undefined } = {},
): { y: T; moments: Moments } {
  requireParameters(parameters, layout.channels);
  requireFloats("x", x, sizeOf(layout));
  const y = outputFor("out.y", out.y, x, [x]);
  const moments = computeMoments(x, layout, out.moments);
  return { y: forwardByMoments(x, layout, moments, parameters, y), moments };
}

/**
 * {@link forwardTraining} by moments that are known already: of this batch, of the part of it that a
 * mask leaves, or merged from several replicas. Moments of nothing give y = beta.
 *
 * @param out - Where y goes, x itself included; made when absent.
 * @returns y, of x's type.
 * @throws {BatchNormError} as {@link forwardTraining}.
 */
export function forwardByMoments<T extends FloatArray>(
  x: T,
  layout: Layout,
  moments: Moments,
  parameters: AffineParameters,
  out?: T,
): T {
  requireParameters(parameters, layout.channels);
  requireMoments("moments", moments, layout.channels);
  requireFloats("x", x, sizeOf(layout));
  const y = outputFor("out", out, x, [x]);
  return transform(x, layout, byMoments(moments, parameters.epsilon), parameters, y);
}

/**
 * Normalizes each channel by fixed statistics:
 * `y = gamma · (x − mean) / √(variance + epsilon) + beta`.
 *
 * @param x - Activations, viewed as `layout` says; length outer · channels · inner.
 * @param out - Where y goes, x itself included; made when absent.
 * @returns y, of x's type.
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE` without statistics or with a negative variance,
 * `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`, `ERR_BATCHNORM_OPTION`.
 * @see Ioffe & Szegedy 2015, Algorithm 2, step 11
 */
export function forwardInference<T extends FloatArray>(
  x: T,
  layout: Layout,
  statistics: Statistics,
  parameters: AffineParameters,
  out?: T,
): T {
  requireParameters(parameters, layout.channels);
  requireStatistics(statistics, layout.channels);
  requireFloats("x", x, sizeOf(layout));
  const y = outputFor("out", out, x, [x]);
  return transform(x, layout, byStatistics(statistics, parameters.epsilon), parameters, y);
}

/**
 * `y = (x − mean) · k + (beta − meanLow · k)` with `k = gamma · r`: the small part of the mean goes
 * into the shift, so that each value costs one subtraction, one product and one sum.
 */
function transform<T extends FloatArray>(
  x: T,
  layout: Layout,
  { mean, meanLow, r }: Standardization,
  { gamma, beta }: AffineParameters,
  y: T,
): T {
  const { channels } = layout;
  const { size, blockStride, channelStride, span, step } = walkOf(layout);
  const scale = r.map((value, c) => value * (gamma?.[c] ?? 1));
  const shift = scale.map((k, c) => (beta?.[c] ?? 0) - (meanLow[c] as number) * k);
  for (let block = 0; block < size; block += blockStride) {
    for (let c = 0; c < channels; c++) {
      const first = block + c * channelStride;
      const end = Math.min(first + span, size);
      const center = mean[c] as number;
      const k = scale[c] as number;
      const b = shift[c] as number;
      for (let i = first; i < end; i += step) y[i] = ((x[i] as number) - center) * k + b;
    }
  }
  return y;
}
