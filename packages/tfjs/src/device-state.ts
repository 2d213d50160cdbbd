import {
  type BatchNormState,
  optionsOfState,
  parseStateFor,
  type ResolvedOptions,
} from "@batchnorm/core";
import { tensor1d, tidy } from "@tensorflow/tfjs-core";
import type { Running, Slot } from "./running.ts";

/** Where a layer of either API keeps what it has learned; null for what it does not have. */
export interface DeviceLayer {
  readonly channels: number;
  readonly gamma: Slot | null;
  readonly beta: Slot | null;
  readonly running: Running | null;
}

/** The layer as plain JSON, read back from the device. */
export async function readState(
  { channels, gamma, beta, running }: DeviceLayer,
  options: ResolvedOptions,
): Promise<BatchNormState> {
  const { name, epsilon, momentum, varianceEstimator, start } = options;
  const values = async (slot: Slot | undefined | null): Promise<number[] | null> =>
    slot ? Array.from(await slot.read().data()) : null;
  const [updates = 0, weight = 0] = (await values(running?.progress)) ?? [];
  return {
    version: 1,
    name,
    channels,
    gamma: await values(gamma),
    beta: await values(beta),
    runningMean: await values(running?.mean),
    runningVariance: await values(running?.variance),
    epsilon,
    momentum,
    varianceEstimator,
    start,
    updates,
    weight,
    valuesPerChannel: running?.valuesPerChannel ?? null,
    renorm: null,
  };
}

/**
 * Writes a state to the device, as float32 as that is.
 *
 * @returns the options that the layer has from now on.
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE` when it is malformed or does not fit; nothing is written
 * then.
 */
export function writeState(
  { channels, gamma, beta, running }: DeviceLayer,
  options: ResolvedOptions,
  value: unknown,
): ResolvedOptions {
  const { name } = options;
  const state = parseStateFor({ name, channels, gamma, beta, running, renorm: null }, value);
  const { updates, weight, valuesPerChannel } = state;
  const write = (to: Slot | undefined | null, values: readonly number[] | null): void => {
    if (to && values) tidy(() => void to.write(tensor1d([...values])));
  };
  write(gamma, state.gamma);
  write(beta, state.beta);
  write(running?.mean, state.runningMean);
  write(running?.variance, state.runningVariance);
  write(running?.progress, [updates, weight, 0]);
  if (running) running.valuesPerChannel = updates === 0 ? undefined : valuesPerChannel;
  return { ...options, ...optionsOfState(state), name };
}
