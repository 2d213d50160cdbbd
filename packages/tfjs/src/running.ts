import { BatchNormError, type ResolvedOptions } from "@batchnorm/core";
import {
  add,
  all,
  concat,
  div,
  isFinite as isFiniteTensor,
  minimum,
  mul,
  slice,
  sub,
  type Tensor,
  tensor1d,
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
  const decay = decayOf(progress, options);
  const advanced = advance(progress, decay);
  const share = shareOf(advanced, decay, options);
  const next = [
    blend(oldMean, batch.mean, share),
    blend(oldVariance, variance, share),
    advanced,
  ] as const;

  const finite = all(isFiniteTensor(concat([batch.mean, variance])));
  if (options.onNonFinite === "throw" && !finite.dataSync()[0]) {
    throw nonFinite(options.name, progress);
  }
  if (options.onNonFinite === "skip") {
    const skipped = [oldMean, oldVariance, add(progress, tensor1d([0, 0, 1]))] as const;
    write(running, [
      where(finite, next[0], skipped[0]),
      where(finite, next[1], skipped[1]),
      where(finite, next[2], skipped[2]),
    ]);
  } else {
    write(running, next);
  }
  const known = running.valuesPerChannel === undefined ? m : running.valuesPerChannel;
  running.valuesPerChannel = known === m ? m : null;
}

/** What the update leaves of the old value, before debiasing: core's d, on the device. */
function decayOf(progress: Tensor, { momentum, start }: ResolvedOptions): Tensor | number {
  const updates = slice(progress, 0, 1);
  if (momentum === "cumulative") return div(updates, add(updates, 1));
  return start === "first-batch" ? minimum(updates, momentum) : momentum;
}

/** One update more, and `w ← d · w + (1 − d)`. */
function advance(progress: Tensor, decay: Tensor | number): Tensor {
  const [updates, weight, skipped] = [0, 1, 2].map((i) => slice(progress, i, 1)) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  return concat([add(updates, 1), add(mul(weight, decay), sub(1, decay)), skipped]);
}

/** What the batch weighs in the new running value. */
function shareOf(advanced: Tensor, decay: Tensor | number, options: ResolvedOptions): Tensor {
  const debiased = options.start === "debiased" && options.momentum !== "cumulative";
  return debiased ? div(sub(1, decay), slice(advanced, 1, 1)) : sub(1, decay);
}

const blend = (old: Tensor, batch: Tensor, share: Tensor): Tensor =>
  add(mul(old, sub(1, share)), mul(batch, share));

function write(
  running: Running,
  [mean, variance, progress]: readonly [Tensor, Tensor, Tensor],
): void {
  running.mean.write(mean);
  running.variance.write(variance);
  running.progress.write(progress);
}

function nonFinite(name: string, progress: Tensor): BatchNormError {
  const step = (progress.dataSync()[0] as number) + 1;
  return new BatchNormError(
    "ERR_BATCHNORM_NON_FINITE",
    `${name}: the batch of step ${step} must have a finite mean and variance, got NaN or infinity; ` +
      'look for NaN, infinite or huge inputs, or set onNonFinite to "skip"',
  );
}
