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
  const m = valuesPerChannel(layout);
  requireMoments("moments", moments, layout.channels);
  if (moments.count !== m) {
    refuse(
      "ERR_BATCHNORM_SHAPE",
      `moments.count must be x's values per channel, ${m}`,
      moments.count,
    );
  }
  const gradients = prepare(dy, x, layout, parameters, out);
  const standardization = byMoments(moments, parameters.epsilon);
  const { dgamma, dbeta } = sumGradients(dy, x, layout, standardization);

  const { mean, meanLow, r } = standardization;
  const { channels } = layout;
  const { size, blockStride, channelStride, span, step } = walkOf(layout);
  const scale = r.map((value, c) => value * (parameters.gamma?.[c] ?? 1));
  const offset = scale.map((k, c) => (k * (dbeta[c] as number)) / m);
  const slope = scale.map((k, c) => (k * (r[c] as number) * (dgamma[c] as number)) / m);
  const { dx } = gradients;
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
  return finish(gradients, dgamma, dbeta);
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
  const { dgamma, dbeta } = sumGradients(dy, x, layout, standardization);

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
  return finish(gradients, dgamma, dbeta);
}

/** Checks every argument and finds a place for every result, before anything is computed. */
function prepare<T extends FloatArray>(
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

/** `dbeta = Σ dy` and `dgamma = Σ dy · xHat`. */
function sumGradients(
  dy: FloatArray,
  x: FloatArray,
  layout: Layout,
  { mean, meanLow, r }: Standardization,
): { dgamma: Float64Array; dbeta: Float64Array } {
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

/** Copies the sums out, last: dx needs them at full precision, whatever they are kept in. */
function finish<T extends Gradients>(gradients: T, dgamma: Float64Array, dbeta: Float64Array): T {
  gradients.dgamma.set(dgamma);
  gradients.dbeta.set(dbeta);
  return gradients;
}
