import { type FloatArray, requireFloats } from "./arrays.ts";
import { refuse } from "./errors.ts";
import { indexAt, type Layout, sizeOf, valuesPerChannel } from "./layout.ts";
import { type Moments, requireMoments } from "./moments.ts";
import { type AffineParameters, requireParameters } from "./parameters.ts";
import { byMoments } from "./standardize.ts";

/** The gradients of a scalar that is made of dx. */
export interface SecondGradients {
  /** With respect to dy; length outer · channels · inner. */
  readonly ddy: Float64Array;
  /** With respect to x; length outer · channels · inner. */
  readonly dx: Float64Array;
  /** With respect to gamma; one value per channel. */
  readonly dgamma: Float64Array;
}

/**
 * The gradients of {@link backwardTraining}'s dx: of `L = Σ dx · v` with respect to dy, x and gamma.
 * With ā the mean of a over the channel, and `P(a) = a − ā − xHat · mean(a · xHat)`:
 *
 *     ddy    = gamma · r · P(v)
 *     dgamma = r · Σ v · P(dy)
 *     dx     = r · P(h) − r² · xHat / m · gamma · Σ v · P(dy)
 *     h      = −gamma · r · (v · mean(dy · xHat) + dy · mean(v · xHat))
 *
 * @param v - The gradient of L with respect to dx.
 * @param dy - What the backward pass was given.
 * @param x - What the forward pass was given.
 * @param moments - What the forward pass returned.
 * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`, `ERR_BATCHNORM_OPTION`.
 */
export function backwardTwice(
  v: FloatArray,
  dy: FloatArray,
  x: FloatArray,
  layout: Layout,
  moments: Moments,
  parameters: AffineParameters,
): SecondGradients {
  const m = valuesPerChannel(layout);
  const size = sizeOf(layout);
  requireFloats("v", v, size);
  requireFloats("dy", dy, size);
  requireFloats("x", x, size);
  requireParameters(parameters, layout.channels);
  requireMoments("moments", moments, layout.channels);
  if (moments.count !== m) {
    refuse(
      "ERR_BATCHNORM_SHAPE",
      `moments.count must be x's values per channel, ${m}`,
      moments.count,
    );
  }
  const result = {
    ddy: new Float64Array(size),
    dx: new Float64Array(size),
    dgamma: new Float64Array(layout.channels),
  };
  const { mean, meanLow, r } = byMoments(moments, parameters.epsilon);
  for (let c = 0; c < layout.channels; c++) {
    const gather = (values: FloatArray): Float64Array =>
      Float64Array.from(
        { length: m },
        (_, position) => values[indexAt(layout, position, c)] as number,
      );
    const scatter = (values: Float64Array, to: Float64Array): void => {
      for (const [position, value] of values.entries()) to[indexAt(layout, position, c)] = value;
    };
    const rootC = r[c] as number;
    const k = (parameters.gamma?.[c] ?? 1) * rootC;
    const xHat = gather(x).map(
      (value) => (value - (mean[c] as number) - (meanLow[c] as number)) * rootC,
    );
    const [vC, dyC] = [gather(v), gather(dy)];
    const project = (a: Float64Array): Float64Array => {
      const [average, slope] = [meanOf(a), meanOfProduct(a, xHat)];
      return a.map((value, i) => value - average - (xHat[i] as number) * slope);
    };

    const curvature = meanOfProduct(vC, project(dyC)) * m; // Σ v · P(dy)
    const [slopeOfDy, slopeOfV] = [meanOfProduct(dyC, xHat), meanOfProduct(vC, xHat)];
    const h = vC.map((value, i) => -k * (value * slopeOfDy + (dyC[i] as number) * slopeOfV));
    const shared = (k * rootC * curvature) / m;
    scatter(
      project(vC).map((value) => k * value),
      result.ddy,
    );
    scatter(
      project(h).map((value, i) => rootC * value - shared * (xHat[i] as number)),
      result.dx,
    );
    result.dgamma[c] = rootC * curvature;
  }
  return result;
}

const meanOf = (a: Float64Array): number => a.reduce((sum, value) => sum + value, 0) / a.length;

const meanOfProduct = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, value, i) => sum + value * (b[i] as number), 0) / a.length;
