import { type FloatArray, outputFor, overlap, requireFloats } from "./arrays.ts";
import { refuse } from "./errors.ts";
import { type Layout, sizeOf, valuesPerChannel } from "./layout.ts";
import { type Moments, requireMoments } from "./moments.ts";
import {
  type AffineParameters,
  requireParameters,
  requireStatistics,
  type Statistics,
} from "./parameters.ts";
import { byMoments, byStatistics, type Standardization } from "./standardize.ts";
import { walkOf } from "./walk.ts";

/** The gradients of a loss. */
export interface Gradients<T extends FloatArray = FloatArray> {
  /** With respect to x; of dy's type and length. */
  readonly dx: T;
  /** With respect to gamma: Σ dy · xHat, one value per channel. */
  readonly dgamma: FloatArray;
  /** With respect to beta: Σ dy, one value per channel. */
  readonly dbeta: FloatArray;
}

/**
 * The gradients of {@link forwardTraining}, through the batch's mean and variance:
 * `dx = gamma · r / m · (m · dy − dbeta − xHat · dgamma)`, with `r = 1/√(variance + epsilon)`.
 *
 * @param dy - The loss's gradient with respect to y; length outer · channels · inner.
 * @param x - What the forward pass was given.
 * @param moments - What the forward pass returned.
 * @param out - Where the results go; each is made when absent. `dx` may be `dy` or `x` itself.
 * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`, `ERR_BATCHNORM_OPTION`.
 * @see Ioffe & Szegedy 2015, section 3, the six equations before "Thus, BN transform is"
 */
export function backwardTraining<T extends FloatArray>(
  dy: T,
  x: FloatArray,
  layout: Layout,
  moments: Moments,
  parameters: AffineParameters,
  out: Partial<Gradients<T>> = {},
): Gradients<T> {
  requireOwnMoments(moments, layout);
  const m = moments.count;
  const gradients = prepare(dy, x, layout, parameters, out);
  const standardization = byMoments(moments, parameters.epsilon);
  const sums = sumGradients(dy, x, layout, standardization);
  propagate(dy, x, layout, standardization, { ...sums, m }, parameters.gamma, gradients.dx);
  return finish(gradients, sums);
}

/**
 * The gradients of {@link forwardInference}, whose statistics are constants: `dx = gamma · r · dy`.
 * They are those of a frozen layer too.
 *
 * @param dy - The loss's gradient with respect to y; length outer · channels · inner.
 * @param x - What the forward pass was given.
 * @param statistics - What the forward pass was given.
 * @param out - Where the results go; each is made when absent. `dx` may be `dy` or `x` itself.
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE`, `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`,
 * `ERR_BATCHNORM_OPTION`.
 */
export function backwardInference<T extends FloatArray>(
  dy: T,
  x: FloatArray,
  layout: Layout,
  statistics: Statistics,
  parameters: AffineParameters,
  out: Partial<Gradients<T>> = {},
): Gradients<T> {
  requireStatistics(statistics, layout.channels);
  const gradients = prepare(dy, x, layout, parameters, out);
  const standardization = byStatistics(statistics, parameters.epsilon);
  const sums = sumGradients(dy, x, layout, standardization);

  const { dx } = gradients;
  const { channels } = layout;
  const { size, blockStride, channelStride, span, step } = walkOf(layout);
  const scale = standardization.r.map((value, c) => value * (parameters.gamma?.[c] ?? 1));
  for (let block = 0; block < size; block += blockStride) {
    for (let c = 0; c < channels; c++) {
      const first = block + c * channelStride;
      const end = Math.min(first + span, size);
      const k = scale[c] as number;
      for (let i = first; i < end; i += step) dx[i] = k * (dy[i] as number);
    }
  }
  return finish(gradients, sums);
}

/**
 * The gradients with respect to the fixed statistics of {@link forwardInference}:
 * `dmean = −gamma · r · Σ dy`, `dvariance = −½ · gamma · r² · dgamma`.
 *
 * @param gradients - What {@link backwardInference} returned.
 * @returns one value per channel each, in units of 1/x and 1/x².
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE`, `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`,
 * `ERR_BATCHNORM_OPTION`.
 */
export function statisticsGradients(
  { dgamma, dbeta }: Pick<Gradients, "dgamma" | "dbeta">,
  statistics: Statistics,
  parameters: AffineParameters,
): { dmean: Float64Array; dvariance: Float64Array } {
  const channels = dgamma.length;
  requireFloats("dbeta", dbeta, channels);
  requireParameters(parameters, channels);
  requireStatistics(statistics, channels);
  const { r } = byStatistics(statistics, parameters.epsilon);
  const scale = r.map((value, c) => value * (parameters.gamma?.[c] ?? 1));
  return {
    dmean: scale.map((k, c) => -k * (dbeta[c] as number)),
    dvariance: scale.map((k, c) => -0.5 * k * (r[c] as number) * (dgamma[c] as number)),
  };
}

/** Checks that moments are of all that a layout holds. */
export function requireOwnMoments(moments: Moments, layout: Layout): void {
  requireMoments("moments", moments, layout.channels);
  const m = valuesPerChannel(layout);
  if (moments.count !== m) {
    const rule = `moments.count must be x's values per channel, ${m}`;
    refuse("ERR_BATCHNORM_SHAPE", rule, moments.count);
  }
}

/** Checks every argument and finds a place for every result, before anything is computed. */
export function prepare<T extends FloatArray>(
  dy: T,
  x: FloatArray,
  layout: Layout,
  parameters: AffineParameters,
  out: Partial<Gradients<T>>,
): Gradients<T> {
  const { channels } = layout;
  requireParameters(parameters, channels);
  requireFloats("dy", dy, sizeOf(layout));
  requireFloats("x", x, sizeOf(layout));
  const perChannel = (name: string, given: FloatArray | undefined): FloatArray => {
    if (given) requireFloats(name, given, channels);
    return given ?? new Float64Array(channels);
  };
  const gradients = {
    dx: outputFor("out.dx", out.dx, dy, [dy, x]),
    dgamma: perChannel("out.dgamma", out.dgamma),
    dbeta: perChannel("out.dbeta", out.dbeta),
  };
  const { dx, dgamma, dbeta } = gradients;
  if (overlap(dgamma, dbeta) || overlap(dx, dgamma) || overlap(dx, dbeta)) {
    refuse("ERR_BATCHNORM_SHAPE", "out must be of arrays that do not overlap", "ones that do");
  }
  return gradients;
}

/** `dbeta = Σ dy` and `dgamma = Σ dy · xHat`, in float64. */
export interface GradientSums {
  readonly dgamma: Float64Array;
  readonly dbeta: Float64Array;
}

export function sumGradients(
  dy: FloatArray,
  x: FloatArray,
  layout: Layout,
  { mean, meanLow, r }: Standardization,
): GradientSums {
  const { channels } = layout;
  const { size, blockStride, channelStride, span, step } = walkOf(layout);
  const dbeta = new Float64Array(channels);
  const products = new Float64Array(channels);
  for (let block = 0; block < size; block += blockStride) {
    for (let c = 0; c < channels; c++) {
      const first = block + c * channelStride;
      const end = Math.min(first + span, size);
      const center = mean[c] as number;
      const low = meanLow[c] as number;
      let sum = dbeta[c] as number;
      let product = products[c] as number;
      for (let i = first; i < end; i += step) {
        sum += dy[i] as number;
        product += (dy[i] as number) * ((x[i] as number) - center - low);
      }
      dbeta[c] = sum;
      products[c] = product;
    }
  }
  return { dgamma: products.map((value, c) => value * (r[c] as number)), dbeta };
}

/** `dx = gamma · r / m · (m · dy − dbeta − xHat · dgamma)`, where the sums and m may be of more than x. */
export function propagate(
  dy: FloatArray,
  x: FloatArray,
  layout: Layout,
  { mean, meanLow, r }: Standardization,
  { dgamma, dbeta, m }: GradientSums & { m: number },
  gamma: FloatArray | null | undefined,
  dx: FloatArray,
): void {
  const { channels } = layout;
  const { size, blockStride, channelStride, span, step } = walkOf(layout);
  const scale = r.map((value, c) => value * (gamma?.[c] ?? 1));
  const offset = scale.map((k, c) => (k * (dbeta[c] as number)) / m);
  const slope = scale.map((k, c) => (k * (r[c] as number) * (dgamma[c] as number)) / m);
  for (let block = 0; block < size; block += blockStride) {
    for (let c = 0; c < channels; c++) {
      const first = block + c * channelStride;
      const end = Math.min(first + span, size);
      const center = mean[c] as number;
      const low = meanLow[c] as number;
      const k = scale[c] as number;
      const a = offset[c] as number;
      const b = slope[c] as number;
      for (let i = first; i < end; i += step) {
        dx[i] = k * (dy[i] as number) - a - ((x[i] as number) - center - low) * b;
      }
    }
  }
}

/** Copies the sums out, last: dx needs them at full precision, whatever they are kept in. */
export function finish<T extends Gradients>(gradients: T, { dgamma, dbeta }: GradientSums): T {
  gradients.dgamma.set(dgamma);
  gradients.dbeta.set(dbeta);
  return gradients;
}
