import type { ResolvedOptions, ResolvedRenormOptions } from "@batchnorm/core";
import {
  add,
  div,
  equal,
  maximum,
  minimum,
  mul,
  onesLike,
  slice,
  sqrt,
  square,
  sub,
  type Tensor,
  where,
  zerosLike,
} from "@tensorflow/tfjs-core";
import type { Correction, Measured } from "./grouped.ts";
import { type Running, type Slot, updateRunning } from "./running.ts";

/** The averages of Batch Renormalization on the device, `[channels]` each, as core's. */
export interface Renorm {
  readonly mean: Slot;
  readonly deviation: Slot;
  readonly movingDeviation: Slot;
}

/** What a layer remembers of its batches. */
export interface Memory {
  readonly running: Running;
  /** Null without Batch Renormalization. */
  readonly renorm: Renorm | null;
}

/**
 * Lets batches enter a layer's memory in their order: all of them or, on a throw, none. Those without a
 * value are passed by.
 *
 * @returns what each batch is corrected by, which is what was known before it; null without Batch
 * Renormalization.
 * @throws {BatchNormError} as `updateRunning` does.
 */
export function enterBatches(
  { running, renorm }: Memory,
  batches: readonly Measured[],
  options: ResolvedOptions,
): Correction[] | null {
  const drafts: Draft[] = [];
  const draft = (slot: Slot): Slot => {
    const made = draftOf(slot);
    drafts.push(made);
    return made;
  };
  const { mean, variance, progress, valuesPerChannel } = running;
  const known: Running = {
    mean: draft(mean),
    variance: draft(variance),
    progress: draft(progress),
    valuesPerChannel,
  };
  const averages = renorm && {
    mean: draft(renorm.mean),
    deviation: draft(renorm.deviation),
    movingDeviation: draft(renorm.movingDeviation),
  };
  const corrections: Correction[] = [];
  for (const batch of batches) {
    if (averages && options.renorm) {
      const memory = { running: known, renorm: averages };
      corrections.push(enterCorrected(memory, batch, options, options.renorm));
    } else if (batch.m > 0) updateRunning(known, batch, batch.m, options);
  }
  for (const made of drafts) made.commit();
  running.valuesPerChannel = known.valuesPerChannel;
  return averages && corrections;
}

/** What a slot would hold, until it is known that all goes well. */
interface Draft extends Slot {
  commit(): void;
}

function draftOf(slot: Slot): Draft {
  let value: Tensor | null = null;
  return {
    read: () => value ?? slot.read(),
    write(next) {
      value = next;
    },
    commit() {
      if (value) slot.write(value);
    },
  };
}

/** As core's `updateRenorm`: the running variance follows the moving deviation. */
function enterCorrected(
  { running, renorm }: { running: Running; renorm: Renorm },
  batch: Measured,
  options: ResolvedOptions,
  rule: ResolvedRenormOptions,
): Correction {
  if (batch.m === 0) return { r: onesLike(batch.mean), d: zerosLike(batch.mean) };
  const { epsilon } = options;
  const deviation = sqrt(add(batch.variance, epsilon));
  const [oldMean, oldDeviation] = [renorm.mean.read(), renorm.deviation.read()];
  const correction = {
    r: clip(div(deviation, oldDeviation), rule.rmin, rule.rmax),
    d: clip(div(sub(batch.mean, oldMean), oldDeviation), -rule.dmax, rule.dmax),
  };
  const skipped = (): Tensor => slice(running.progress.read(), 2, 1);
  const before = skipped();
  // The moving deviation moves as a running variance does, but for the estimator.
  const moving: Running = { ...running, variance: renorm.movingDeviation };
  const moves = { ...options, varianceEstimator: "biased" } as const;
  updateRunning(moving, { ...batch, variance: deviation }, batch.m, moves);
  running.valuesPerChannel = moving.valuesPerChannel;

  const entered = equal(skipped(), before);
  const ifEntered = (slot: Slot, next: Tensor): unknown =>
    slot.write(where(entered, next, slot.read()));
  const variance = sub(square(renorm.movingDeviation.read()), epsilon);
  ifEntered(running.variance, maximum(variance, 0));
  ifEntered(renorm.mean, blend(rule.momentum, oldMean, batch.mean));
  ifEntered(renorm.deviation, blend(rule.momentum, oldDeviation, deviation));
  return correction;
}

/** Where nothing of the old value is kept, not even a NaN is. */
const blend = (keep: number, old: Tensor, batch: Tensor): Tensor =>
  keep === 0 ? batch : add(old, mul(sub(batch, old), 1 - keep));

function clip(values: Tensor, least: number, most: number): Tensor {
  const below = Number.isFinite(least) ? maximum(values, least) : values;
  return Number.isFinite(most) ? minimum(below, most) : below;
}
