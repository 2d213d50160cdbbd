import { requireChannels } from "./layout.ts";
import { type Moments, varianceOf } from "./moments.ts";
import type { AffineParameters } from "./parameters.ts";
import type { ResolvedRenormOptions } from "./renorm-options.ts";
import {
  blend,
  nextWeights,
  type RunningRule,
  type RunningStatistics,
  updateRunning,
} from "./running.ts";

/** The averages that correct a batch, and the moving deviation that inference's variance is made of. */
export interface RenormStatistics {
  /** In units of x, 0 at first. */
  readonly mean: Float64Array;
  /** In units of x, 1 at first. */
  readonly deviation: Float64Array;
  /** In units of x, 1 at first; moves with the layer's own momentum. */
  readonly movingDeviation: Float64Array;
}

/** What a batch is corrected by, `z = xHat · r + d`: constants to the gradient. */
export interface Correction {
  readonly r: Float64Array;
  readonly d: Float64Array;
}

/**
 * Mean 0 and deviations 1.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` when the number of channels is no integer ≥ 1.
 */
export function createRenormStatistics(channels: number): RenormStatistics {
  requireChannels(channels);
  const ones = (): Float64Array => new Float64Array(channels).fill(1);
  return { mean: new Float64Array(channels), deviation: ones(), movingDeviation: ones() };
}

/**
 * What a batch is corrected by, before it enters the averages: with `σ = √(variance + epsilon)`,
 * `r = clip(σ / deviation, rmin, rmax)` and `d = clip((mean − renorm mean) / deviation, ±dmax)`.
 *
 * @see Ioffe 2017, "Batch Renormalization", Algorithm 1
 */
export function renormCorrection(
  renorm: RenormStatistics,
  moments: Moments,
  epsilon: number,
  { rmin, rmax, dmax }: ResolvedRenormOptions,
): Correction {
  const clip = (value: number, least: number, most: number): number =>
    Math.min(most, Math.max(least, value));
  const deviations = deviationsOf(moments, epsilon);
  return {
    r: deviations.map((sigma, c) => clip(sigma / (renorm.deviation[c] as number), rmin, rmax)),
    d: moments.mean.map((mean, c) =>
      clip((mean - (renorm.mean[c] as number)) / (renorm.deviation[c] as number), -dmax, dmax),
    ),
  };
}

/**
 * The parameters that make plain normalization a corrected one:
 * `gamma · (xHat · r + d) + beta = (gamma · r) · xHat + (gamma · d + beta)`.
 */
export function correctParameters(
  { gamma, beta, epsilon }: AffineParameters,
  { r, d }: Correction,
): AffineParameters {
  return {
    gamma: r.map((value, c) => value * (gamma?.[c] ?? 1)),
    beta: d.map((value, c) => value * (gamma?.[c] ?? 1) + (beta?.[c] ?? 0)),
    epsilon,
  };
}

/**
 * Lets a batch enter the running statistics and the averages that correct the next one. The running
 * variance follows the moving deviation: `max(0, movingDeviation² − epsilon)`.
 *
 * @returns whether the batch entered.
 * @throws {BatchNormError} as {@link updateRunning}; nothing has changed then.
 */
export function updateRenorm(
  renorm: RenormStatistics,
  running: RunningStatistics,
  moments: Moments,
  rule: RunningRule,
  epsilon: number,
  { momentum }: ResolvedRenormOptions,
): boolean {
  const { keep } = nextWeights(running, rule);
  if (!updateRunning(running, moments, rule)) return false;
  const deviations = deviationsOf(moments, epsilon);
  const { mean, deviation, movingDeviation } = renorm;
  for (const [c, sigma] of deviations.entries()) {
    mean[c] = blend(momentum, mean[c] as number, moments.mean[c] as number);
    deviation[c] = blend(momentum, deviation[c] as number, sigma);
    const moving = blend(keep, movingDeviation[c] as number, sigma);
    movingDeviation[c] = moving;
    running.variance[c] = Math.max(0, moving * moving - epsilon);
  }
  return true;
}

const deviationsOf = (moments: Moments, epsilon: number): Float64Array =>
  varianceOf(moments, "biased").map((variance) => Math.sqrt(variance + epsilon));
