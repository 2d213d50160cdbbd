import { type FloatArray, requireFloats } from "./arrays.ts";
import { refuse } from "./errors.ts";

/** The learned scale and shift, and what guards the division. */
export interface AffineParameters {
  /** Scale, one value per channel; null or absent counts as 1. */
  readonly gamma?: FloatArray | null | undefined;
  /** Shift, one value per channel; null or absent counts as 0. */
  readonly beta?: FloatArray | null | undefined;
  /** Added to the variance, in units of x²; finite, ≥ 0. */
  readonly epsilon: number;
}

/** Fixed statistics that normalize at inference. */
export interface Statistics {
  /** One value per channel, in units of x. */
  readonly mean: FloatArray;
  /** One value per channel, in units of x², ≥ 0. */
  readonly variance: FloatArray;
}

/** @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`, `ERR_BATCHNORM_OPTION`. */
export function requireParameters(parameters: AffineParameters, channels: number): void {
  const { gamma, beta, epsilon } = parameters;
  if (gamma != null) requireFloats("gamma", gamma, channels);
  if (beta != null) requireFloats("beta", beta, channels);
  requireEpsilon(epsilon);
}

/**
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE` when there are none, which inference cannot do
 * without, or a variance is negative; `ERR_BATCHNORM_SHAPE` or `ERR_BATCHNORM_DTYPE` when they do not fit.
 */
export function requireStatistics(statistics: Statistics, channels: number): void {
  if (!statistics?.mean || !statistics.variance) {
    refuse("ERR_BATCHNORM_STATE", "inference must have a running mean and variance", statistics);
  }
  requireFloats("mean", statistics.mean, channels);
  requireFloats("variance", statistics.variance, channels);
  const { variance } = statistics;
  for (let c = 0; c < channels; c++) {
    const value = variance[c] as number;
    if (value < 0) refuse("ERR_BATCHNORM_STATE", `variance[${c}] must be ≥ 0`, value);
  }
}

/** @throws {BatchNormError} `ERR_BATCHNORM_OPTION` when it is no finite number ≥ 0. */
export function requireEpsilon(epsilon: number): void {
  if (!Number.isFinite(epsilon) || epsilon < 0) {
    refuse("ERR_BATCHNORM_OPTION", "epsilon must be a finite number ≥ 0", epsilon);
  }
}
