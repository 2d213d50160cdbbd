import {
  type BatchNormState,
  optionsOfState,
  parseStateFor,
  type ResolvedOptions,
  refuse,
  stateOf,
} from "@batchnorm/core";
import { tensor1d, tidy } from "@tensorflow/tfjs-core";
import { requireEpsilon } from "./defaults.ts";
import type { Renorm } from "./enter.ts";
import { progressOf, readProgress } from "./progress.ts";
import type { Running, Slot } from "./running.ts";

/** Where a layer of either API, or tfjs-layers's own, keeps what it has learned; null for what it has not. */
export interface KeptLayer {
  readonly channels: number;
  readonly gamma: Slot | null;
  readonly beta: Slot | null;
  /** tfjs-layers's own layer has no progress. */
  readonly running: (Omit<Running, "progress"> & { readonly progress: Slot | null }) | null;
  /** Null without Batch Renormalization. */
  readonly renorm: Renorm | null;
}

/** The same of ours. */
export interface DeviceLayer extends KeptLayer {
  readonly running: Running | null;
}

/**
 * The layer as plain JSON, read back from the device. Every value is asked for before the first is
 * awaited, so that no step can come between them.
 */
export async function readState(
  { channels, gamma, beta, running, renorm }: KeptLayer,
  options: ResolvedOptions,
): Promise<BatchNormState> {
  const known = running?.valuesPerChannel;
  const [scale, shift, mean, variance, progress, center, deviation, movingDeviation] =
    await Promise.all(
      [
        ...[gamma, beta, running?.mean, running?.variance, running?.progress],
        ...[renorm?.mean, renorm?.deviation, renorm?.movingDeviation],
      ].map(async (slot) => (slot ? Float64Array.from(await slot.read().data()) : null)),
    );
  const { updates, weight } = readProgress(progress ?? []);
  // A skipped batch is counted there, and none of the updates.
  const valuesPerChannel = updates === 0 ? null : (known ?? null);
  const arrays = {
    gamma: scale ?? null,
    beta: shift ?? null,
    running: mean && variance ? { mean, variance, updates, weight, valuesPerChannel } : null,
    renorm:
      center && deviation && movingDeviation ? { mean: center, deviation, movingDeviation } : null,
  };
  return stateOf(arrays, channels, options);
}

/** How many batches were kept out of the running statistics for not being finite. */
export const readSkipped = async (running: Running | null): Promise<number> =>
  running ? readProgress(await running.progress.read().data()).skipped : 0;

/**
 * Writes a state to the device, as float32 as that is.
 *
 * @returns the options that the layer has from now on.
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE` when it is malformed, does not fit or holds what no
 * float32 can; `ERR_BATCHNORM_OPTION` for such an epsilon. Nothing is written then.
 */
export function writeState(
  layer: KeptLayer,
  options: ResolvedOptions,
  value: unknown,
): ResolvedOptions {
  const { name } = options;
  const { gamma, beta, running, renorm } = layer;
  const state = parseStateFor({ ...layer, name }, value);
  requireFloat32(state);
  const { updates, weight, valuesPerChannel } = state;
  const copies = [
    [state.gamma, gamma],
    [state.beta, beta],
    [state.runningMean, running?.mean],
    [state.runningVariance, running?.variance],
    [progressOf({ updates, weight, skipped: 0 }), running?.progress],
    [state.renorm?.mean, renorm?.mean],
    [state.renorm?.deviation, renorm?.deviation],
    [state.renorm?.movingDeviation, renorm?.movingDeviation],
  ] as const;
  tidy(() => {
    for (const [from, to] of copies) if (from && to) to.write(tensor1d([...from]));
  });
  if (running) running.valuesPerChannel = updates === 0 ? undefined : valuesPerChannel;
  return { ...options, ...optionsOfState(state), name };
}

/** @throws {BatchNormError} `ERR_BATCHNORM_STATE`, `ERR_BATCHNORM_OPTION` for what no float32 can hold. */
export function requireFloat32(state: BatchNormState): void {
  requireEpsilon(state.epsilon);
  for (const [field, values] of Object.entries({ ...state, ...state.renorm })) {
    const numbers: number[] = Array.isArray(values) ? values : [];
    const beyond = numbers.find((value) => !Number.isFinite(Math.fround(value)));
    if (beyond !== undefined) {
      refuse("ERR_BATCHNORM_STATE", `${field} must be within the range of float32`, beyond);
    }
  }
}
