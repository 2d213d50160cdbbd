import { BatchNormError } from "./errors.ts";
import { requireChannels } from "./layout.ts";
import { divisorOf, type Moments, requireMoments, type VarianceEstimator } from "./moments.ts";
import { type Momentum, type NonFinitePolicy, requireMomentum, type Start } from "./options.ts";

/** The moving averages that normalize at inference, and what is known of how they came about. */
export interface RunningStatistics {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  /** Batches that entered. */
  updates: number;
  /**
   * What those batches weigh together, w: 0 before the first, then w ← d · w + (1 − d), d being what
   * the update leaves of the old value. A debiased average divides by it; otherwise 1 − w is what the
   * initial 0 and 1 still weigh.
   */
  weight: number;
  /** m of the batches; null before the first, and once it varied. */
  valuesPerChannel: number | null;
}

/** How a batch enters the running statistics. */
export interface RunningRule {
  readonly momentum: Momentum;
  readonly start: Start;
  readonly varianceEstimator: VarianceEstimator;
  readonly onNonFinite: NonFinitePolicy;
  /** What an error calls the layer. */
  readonly name: string;
}

/**
 * Mean 0 and variance 1, before any batch.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` when the number of channels is no integer ≥ 1.
 */
export function createRunningStatistics(channels: number): RunningStatistics {
  requireChannels(channels);
  return {
    mean: new Float64Array(channels),
    variance: new Float64Array(channels).fill(1),
    updates: 0,
    weight: 0,
    valuesPerChannel: null,
  };
}

/**
 * Lets one batch enter, in place: `running ← d · running + (1 − d) · batch`, where d, what the update
 * leaves of the old value, is
 *
 * - zero-one: momentum;
 * - first-batch: the same, but 0 for the first batch;
 * - cumulative: t / (t + 1) after t batches;
 * - debiased: momentum · w / w′ with `w′ = momentum · w + (1 − momentum)`, which makes running the
 *   mean of all batches weighted by momentum^age.
 *
 * An empty batch changes nothing.
 *
 * @returns whether the batch entered: false when it was empty or skipped.
 * @throws {BatchNormError} `ERR_BATCHNORM_NON_FINITE` under the policy `throw`, naming the layer, the
 * first such channel and the step; `ERR_BATCHNORM_SHAPE` for moments of other channels;
 * `ERR_BATCHNORM_OPTION` for the momentum. Nothing has changed then.
 */
export function updateRunning(
  running: RunningStatistics,
  moments: Moments,
  rule: RunningRule,
): boolean {
  requireMomentum(rule.momentum, rule.start);
  requireMoments("moments", moments, running.mean.length);
  if (moments.count === 0) return false;
  if (rule.onNonFinite !== "propagate") {
    const bad = firstNonFinite(moments);
    if (bad >= 0 && rule.onNonFinite === "skip") return false;
    if (bad >= 0) throw nonFinite(rule.name, bad, running.updates + 1);
  }

  const { keep, weight } = nextWeights(running, rule);
  const { mean, variance } = running;
  const divisor = divisorOf(moments.count, rule.varianceEstimator);
  for (let c = 0; c < mean.length; c++) {
    mean[c] = blend(keep, mean[c] as number, moments.mean[c] as number);
    variance[c] = blend(keep, variance[c] as number, (moments.m2[c] as number) / divisor);
  }
  const seen = running.updates === 0 ? moments.count : running.valuesPerChannel;
  running.valuesPerChannel = seen === moments.count ? seen : null;
  running.weight = weight;
  running.updates++;
  return true;
}

/** What the next update leaves of the old value, and what all batches weigh after it. */
export function nextWeights(
  { updates, weight }: Pick<RunningStatistics, "updates" | "weight">,
  { momentum, start }: Pick<RunningRule, "momentum" | "start">,
): { keep: number; weight: number } {
  const cumulative = momentum === "cumulative";
  const replaces = !cumulative && start === "first-batch" && updates === 0;
  const decay = cumulative ? updates / (updates + 1) : replaces ? 0 : momentum;
  const next = decay * weight + (1 - decay);
  const debiased = !cumulative && start === "debiased";
  return { keep: debiased ? (decay * weight) / next : decay, weight: next };
}

/** Where nothing is kept, not even a NaN is. */
export const blend = (keep: number, old: number, batch: number): number =>
  keep === 0 ? batch : keep * old + (1 - keep) * batch;

/** The first channel without a finite mean and M2; −1 for none. */
function firstNonFinite({ mean, m2 }: Moments): number {
  for (let c = 0; c < mean.length; c++) {
    if (!Number.isFinite(mean[c]) || !Number.isFinite(m2[c])) return c;
  }
  return -1;
}

function nonFinite(name: string, channel: number, step: number): BatchNormError {
  return new BatchNormError(
    "ERR_BATCHNORM_NON_FINITE",
    `${name}: the batch of step ${step} must have a finite mean and variance, got NaN or infinity in ` +
      `channel ${channel}; look for NaN, infinite or huge inputs, or set onNonFinite to "skip"`,
  );
}
