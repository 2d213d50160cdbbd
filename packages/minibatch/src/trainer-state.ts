import { refuse } from "@batchnorm/core";
import { requireFields, requireVersion } from "@batchnorm/core/checks";
import type { NetworkState } from "./network-state.ts";
import type { PositionState } from "./position.ts";
import { Random } from "./random.ts";
import { type Rate, requireRate } from "./schedule.ts";

/** A trainer as plain JSON: all that resuming needs but the data, and a rate that is a function. */
export interface TrainerState {
  /** Of this format. */
  readonly version: 1;
  /** Parameters, optimizer and running statistics. */
  readonly network: NetworkState;
  /** How many samples there were. */
  readonly samples: number;
  readonly batchSize: number;
  readonly shuffle: boolean;
  /** Null for a function, which no state can hold. */
  readonly rate: Exclude<Rate, (...args: never[]) => unknown> | null;
  readonly position: PositionState;
}

const keys = ["version", "network", "samples", "batchSize", "shuffle", "rate", "position"];
const positionKeys = ["epoch", "step", "loss", "batch", "lossSum", "random"];

/**
 * Checks that an unknown value, say parsed JSON, is a trainer's state, but for its network, which
 * `Network.fromState` checks, and its batches, which have to fit the data.
 *
 * @returns the same object, typed.
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE` naming the field; `ERR_BATCHNORM_OPTION` for the rate.
 */
export function parseTrainerState(value: unknown): TrainerState {
  requireVersion("a trainer's state", value);
  requireFields("a trainer's state", value, keys);
  const { samples, shuffle, rate, position } = value as TrainerState;
  requireField("samples", "be an integer ≥ 1", samples, isCount(samples) && samples >= 1);
  requireField("shuffle", "be true or false", shuffle, typeof shuffle === "boolean");
  if (rate !== null) requireRate(rate);
  requirePosition(position);
  return value as TrainerState;
}

/** Checks that an unknown value is a trainer's position. @throws {BatchNormError} `ERR_BATCHNORM_STATE`. */
export function requirePosition(value: unknown): asserts value is PositionState {
  requireFields("a trainer's position", value, positionKeys);
  const position = value as PositionState;
  for (const key of ["epoch", "step", "batch"] as const) {
    requireField(`position.${key}`, "be an integer ≥ 0", position[key], isCount(position[key]));
  }
  const { loss, lossSum } = position;
  requireField("position.loss", "be null or finite", loss, loss === null || Number.isFinite(loss));
  requireField("position.lossSum", "be finite", lossSum, Number.isFinite(lossSum));
  Random.fromState(position.random);
}

function requireField(field: string, rule: string, received: unknown, holds: boolean): void {
  if (!holds) refuse("ERR_BATCHNORM_STATE", `${field} of a trainer's state must ${rule}`, received);
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;
