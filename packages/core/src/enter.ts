import type { Moments } from "./moments.ts";
import type { ResolvedOptions } from "./options.ts";
import {
  type Correction,
  type RenormStatistics,
  renormCorrection,
  updateRenorm,
} from "./renorm.ts";
import { type RunningStatistics, updateRunning } from "./running.ts";

/** What a layer remembers of its batches. */
export interface Memory {
  readonly running: RunningStatistics;
  /** Null without Batch Renormalization. */
  readonly renorm: RenormStatistics | null;
}

/**
 * Lets batches enter a layer's memory in their order, in place: all of them or, on a throw, none.
 *
 * @returns what each batch is corrected by, which is what was known before it; null for none.
 * @throws {BatchNormError} as `updateRunning` does.
 */
export function enterBatches(
  memory: Memory,
  batches: readonly Moments[],
  options: ResolvedOptions,
): (Correction | null)[] {
  // One batch enters whole or not at all; several are tried on a copy first.
  const draft = batches.length === 1 ? memory : copyOf(memory);
  const corrections = batches.map((moments) => enter(draft, moments, options));
  if (draft !== memory) assign(memory, draft);
  return corrections;
}

function enter(
  { running, renorm }: Memory,
  moments: Moments,
  options: ResolvedOptions,
): Correction | null {
  if (!renorm || !options.renorm || moments.count === 0) {
    updateRunning(running, moments, options);
    return null;
  }
  const correction = renormCorrection(renorm, moments, options.epsilon, options.renorm);
  updateRenorm(renorm, running, moments, options, options.epsilon, options.renorm);
  return correction;
}

function copyOf({ running, renorm }: Memory): Memory {
  const { mean, variance } = running;
  return {
    running: { ...running, mean: mean.slice(), variance: variance.slice() },
    renorm: renorm && {
      mean: renorm.mean.slice(),
      deviation: renorm.deviation.slice(),
      movingDeviation: renorm.movingDeviation.slice(),
    },
  };
}

function assign({ running, renorm }: Memory, from: Memory): void {
  running.mean.set(from.running.mean);
  running.variance.set(from.running.variance);
  const { updates, weight, valuesPerChannel } = from.running;
  Object.assign(running, { updates, weight, valuesPerChannel });
  if (!renorm || !from.renorm) return;
  renorm.mean.set(from.renorm.mean);
  renorm.deviation.set(from.renorm.deviation);
  renorm.movingDeviation.set(from.renorm.movingDeviation);
}
