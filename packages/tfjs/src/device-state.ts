import {
  type BatchNormState,
  optionsOfState,
  parseStateFor,
  type ResolvedOptions,
  refuse,
} from "@batchnorm/core";
import { tensor1d, tidy } from "@tensorflow/tfjs-core";
import { requireEpsilon } from "./defaults.ts";
import { progressOf, readProgress } from "./progress.ts";
import type { Running, Slot } from "./running.ts";

/** Where a layer of either API keeps what it has learned; null for what it does not have. */
export interface DeviceLayer {
  readonly channels: number;
  readonly gamma: Slot | null;
  readonly beta: Slot | null;
  readonly running: Running | null;
}

/**
 * The layer as plain JSON, read back from the device. Every value is asked for before the first is
 * awaited, so that no step can come between them.
 */
export async function readState(
  { channels, gamma, beta, running }: DeviceLayer,
  options: ResolvedOptions,
): Promise<BatchNormState> {
  const { name, epsilon, momentum, varianceEstimator, start } = options;
  const valuesPerChannel = running?.valuesPerChannel ?? null;
  const read = async (slot: Slot | undefined | null): Promise<number[] | null> =>
    slot ? Array.from(await slot.read().data()) : null;
  const [scale, shift, runningMean, runningVariance, progress] = await Promise.all([
    read(gamma),
    read(beta),
    read(running?.mean),
    read(running?.variance),
    read(running?.progress),
  ]);
  const { updates, weight } = readProgress(progress ?? []);
  return {
    version: 1,
    name,
    channels,
    gamma: scale,
    beta: shift,
    runningMean,
    runningVariance,
    epsilon,
    momentum,
    varianceEstimator,
    start,
    updates,
    weight,
    // A skipped batch is counted there, and none of the updates.
    valuesPerChannel: updates === 0 ? null : valuesPerChannel,
    renorm: null,
  };
}

/**
 * Writes a state to the device, as float32 as that is.
 *
 * @returns the options that the layer has from now on.
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE` when it is malformed, does not fit or holds what no
 * float32 can; `ERR_BATCHNORM_OPTION` for such an epsilon. Nothing is written then.
 */
export function writeState(
  { channels, gamma, beta, running }: DeviceLayer,
  options: ResolvedOptions,
  value: unknown,
): ResolvedOptions {
  const { name } = options;
  const state = parseStateFor({ name, channels, gamma, beta, running, renorm: null }, value);
  requireFloat32(state);
  const { updates, weight, valuesPerChannel } = state;
  const write = (to: Slot | undefined | null, values: readonly number[] | null): void => {
    if (to && values) tidy(() => void to.write(tensor1d([...values])));
  };
  write(gamma, state.gamma);
  write(beta, state.beta);
  write(running?.mean, state.runningMean);
  write(running?.variance, state.runningVariance);
  write(running?.progress, [...progressOf({ updates, weight, skipped: 0 })]);
  if (running) running.valuesPerChannel = updates === 0 ? undefined : valuesPerChannel;
  return { ...options, ...optionsOfState(state), name };
}

/** @throws {BatchNormError} `ERR_BATCHNORM_STATE`, `ERR_BATCHNORM_OPTION` for what no float32 can hold. */
export function requireFloat32(state: BatchNormState): void {
  requireEpsilon(state.epsilon);
  for (const field of ["gamma", "beta", "runningMean", "runningVariance"] as const) {
    const beyond = state[field]?.find((value) => !Number.isFinite(Math.fround(value)));
    if (beyond !== undefined) {
      refuse("ERR_BATCHNORM_STATE", `${field} must be within the range of float32`, beyond);
    }
  }
}
