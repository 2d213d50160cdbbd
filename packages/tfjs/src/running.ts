import { BatchNormError, type ResolvedOptions } from "@batchnorm/core";
import {
  add,
  all,
  cast,
  concat,
  div,
  equal,
  greater,
  greaterEqual,
  isFinite as isFiniteTensor,
  mul,
  ones,
  reshape,
  split,
  sub,
  type Tensor,
  where,
} from "@tensorflow/tfjs-core";
import type { Measured } from "./composed.ts";
import { kernelNames, type UpdateAttributes, type UpdateInput } from "./kernels/kernel.ts";
import { runKernel } from "./kernels/registry.ts";
import { progressLength, readProgress, wrap } from "./progress.ts";

/** Where a tensor is kept between steps: a variable of tfjs-core or of tfjs-layers. */
export interface Slot {
  read(): Tensor;
  write(value: Tensor): unknown;
}

/**
 * Running statistics on the device, where a step never waits for a number to be read back.
 * What core keeps as numbers, `progress` keeps as `progress.ts` says.
 */
export interface Running {
  readonly mean: Slot;
  readonly variance: Slot;
  readonly progress: Slot;
  /** m of the batches, skipped ones too; undefined before the first, null once it varied. */
  valuesPerChannel: number | null | undefined;
}

/**
 * Lets one batch enter, as core's `updateRunning` does: `running ← (1 − t) · running + t · batch`.
 * A batch whose statistics are not finite is skipped whole and counted, unless told otherwise.
 *
 * @param m - Values per channel in the batch.
 * @throws {BatchNormError} `ERR_BATCHNORM_NON_FINITE` under the policy `throw`, which reads one number
 * back from the device in every step. Nothing has changed then.
 */
export function updateRunning(
  running: Running,
  batch: Measured,
  m: number,
  options: ResolvedOptions,
): void {
  const { momentum, start, onNonFinite, varianceEstimator } = options;
  const correction = varianceEstimator === "unbiased" ? m / Math.max(m - 1, 1) : 1;
  const rule = { momentum, start, correction, skip: onNonFinite === "skip" };
  if (onNonFinite === "throw") requireFinite(batch, correction, running, options.name);
  const inputs = {
    ...{ mean: batch.mean, meanLow: batch.meanLow, variance: batch.variance },
    ...{ runningMean: running.mean.read(), runningVariance: running.variance.read() },
    progress: running.progress.read(),
  };
  const [mean, variance, progress] = (runKernel(kernelNames.update, inputs, rule) ??
    enter(inputs, rule)) as [Tensor, Tensor, Tensor];
  running.mean.write(mean);
  running.variance.write(variance);
  running.progress.write(progress);
  const known = running.valuesPerChannel === undefined ? m : running.valuesPerChannel;
  running.valuesPerChannel = known === m ? m : null;
}

/** Running mean, running variance and progress after a batch, by composed ops. */
function enter(
  { runningMean, runningVariance, progress, ...batch }: Record<UpdateInput, Tensor>,
  rule: UpdateAttributes,
): [Tensor, Tensor, Tensor] {
  const variance = corrected(batch.variance, rule.correction);
  // Where the mean is not finite, the variance is not either.
  const finite = all(isFiniteTensor(variance));
  const unlessSkipped = (next: Tensor, old: Tensor): Tensor =>
    rule.skip ? where(finite, next, old) : next;
  const entered = rule.skip ? reshape(cast(finite, "float32"), [1]) : ones([1]);

  const [updates, weight, skipped, wraps] = split(progress, progressLength) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const gain = gainOf(add(updates, mul(wraps, wrap)), rule);
  const added = mul(sub(1, weight), gain);
  const debiased = rule.start === "debiased" && typeof gain === "number" && gain < 1;
  const share = debiased ? div(gain, add(weight, added)) : gain;
  const counted = add(updates, entered);
  const wraps1 = cast(greaterEqual(counted, wrap), "float32");
  return [
    unlessSkipped(blend(runningMean, add(batch.mean, batch.meanLow), share), runningMean),
    unlessSkipped(blend(runningVariance, variance, share), runningVariance),
    concat([
      sub(counted, mul(wraps1, wrap)),
      add(weight, mul(entered, added)),
      add(skipped, sub(1, entered)),
      add(wraps, wraps1),
    ]),
  ];
}

const corrected = (variance: Tensor, correction: number): Tensor =>
  correction === 1 ? variance : mul(variance, correction);

/**
 * What the batch weighs in the new value before debiasing, 1 − d in core's terms. 1 minus a momentum
 * is taken here: taken on the device, 1 − 0.9999 would be off by a part in 6,000.
 */
function gainOf(updates: Tensor, { momentum, start }: UpdateAttributes): Tensor | number {
  if (momentum === "cumulative") return div(1, add(updates, 1));
  const gain = 1 - momentum;
  return start === "first-batch" && gain < 1 ? where(equal(updates, 0), 1, gain) : gain;
}

/**
 * `(1 − share) · old + share · batch`, from the weightier of the two: only so float32 loses neither a
 * small share, nor a small batch in a large old value that it replaces.
 */
function blend(old: Tensor, batch: Tensor, share: Tensor | number): Tensor {
  const toBatch = (): Tensor => add(old, mul(sub(batch, old), share));
  // Of a number taken here: taken on the device, 1 − 0.999999 would be a part in 20 off.
  const kept = typeof share === "number" ? 1 - share : sub(1, share);
  const toOld = (): Tensor => add(batch, mul(sub(old, batch), kept));
  if (typeof share !== "number") return where(greater(share, 0.5), toOld(), toBatch());
  // Where nothing of the old value is kept, not even a NaN is.
  if (share === 1) return batch;
  return share > 0.5 ? toOld() : toBatch();
}

/** @throws {BatchNormError} `ERR_BATCHNORM_NON_FINITE`. */
function requireFinite(
  { variance }: Measured,
  correction: number,
  { progress }: Running,
  name: string,
): void {
  if (all(isFiniteTensor(corrected(variance, correction))).dataSync()[0]) return;
  const step = readProgress(progress.read().dataSync()).updates + 1;
  throw new BatchNormError(
    "ERR_BATCHNORM_NON_FINITE",
    `${name}: the batch of step ${step} must have a finite mean and variance, got NaN or infinity; ` +
      'look for NaN, infinite or huge inputs, or set onNonFinite to "skip"',
  );
}
