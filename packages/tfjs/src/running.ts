import { BatchNormError, type ResolvedOptions } from "@batchnorm/core";
import {
  add,
  all,
  cast,
  concat,
  div,
  equal,
  greater,
  isFinite as isFiniteTensor,
  mul,
  ones,
  reshape,
  slice,
  sub,
  type Tensor,
  where,
} from "@tensorflow/tfjs-core";
import type { Statistics } from "./op.ts";

/** Where a tensor is kept between steps: a variable of tfjs-core or of tfjs-layers. */
export interface Slot {
  read(): Tensor;
  write(value: Tensor): unknown;
}

/**
 * Running statistics on the device, where a step never waits for a number to be read back.
 * What core keeps as numbers, `progress` keeps as `[updates, weight, skipped]`.
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
 * @param batch - Mean and biased variance.
 * @param m - Values per channel in the batch.
 * @throws {BatchNormError} `ERR_BATCHNORM_NON_FINITE` under the policy `throw`, which reads one number
 * back from the device in every step. Nothing has changed then.
 */
export function updateRunning(
  running: Running,
  batch: Statistics,
  m: number,
  options: ResolvedOptions,
): void {
  const unbiased = options.varianceEstimator === "unbiased";
  const variance = unbiased ? mul(batch.variance, m / Math.max(m - 1, 1)) : batch.variance;
  const [oldMean, oldVariance] = [running.mean.read(), running.variance.read()];
  const progress = running.progress.read();
  const [updates, weight] = [slice(progress, 0, 1), slice(progress, 1, 1)];

  // Where the mean is not finite, the variance is not either.
  const finite = all(isFiniteTensor(variance));
  if (options.onNonFinite === "throw" && !finite.dataSync()[0]) {
    throw nonFinite(options.name, progress);
  }
  const skips = options.onNonFinite === "skip";
  const unlessSkipped = (next: Tensor, old: Tensor): Tensor =>
    skips ? where(finite, next, old) : next;
  const entered = skips ? reshape(cast(finite, "float32"), [1]) : ones([1]);

  const gain = gainOf(updates, options);
  const added = mul(sub(1, weight), gain);
  const debiased = options.start === "debiased" && typeof gain === "number" && gain < 1;
  const share = debiased ? div(gain, add(weight, added)) : gain;
  running.mean.write(unlessSkipped(blend(oldMean, batch.mean, share), oldMean));
  running.variance.write(unlessSkipped(blend(oldVariance, variance, share), oldVariance));
  const advance = concat([entered, mul(entered, added), sub(1, entered)]);
  running.progress.write(add(progress, advance));
  const known = running.valuesPerChannel === undefined ? m : running.valuesPerChannel;
  running.valuesPerChannel = known === m ? m : null;
}

/**
 * What the batch weighs in the new value before debiasing, 1 − d in core's terms. 1 minus a momentum
 * is taken here: taken on the device, 1 − 0.9999 would be off by a part in 6,000.
 */
function gainOf(updates: Tensor, { momentum, start }: ResolvedOptions): Tensor | number {
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
  const toOld = (): Tensor => add(batch, mul(sub(old, batch), sub(1, share)));
  if (typeof share !== "number") return where(greater(share, 0.5), toOld(), toBatch());
  // Where nothing of the old value is kept, not even a NaN is.
  if (share === 1) return batch;
  return share > 0.5 ? toOld() : toBatch();
}

function nonFinite(name: string, progress: Tensor): BatchNormError {
  const step = (progress.dataSync()[0] as number) + 1;
  return new BatchNormError(
    "ERR_BATCHNORM_NON_FINITE",
    `${name}: the batch of step ${step} must have a finite mean and variance, got NaN or infinity; ` +
      'look for NaN, infinite or huge inputs, or set onNonFinite to "skip"',
  );
}
