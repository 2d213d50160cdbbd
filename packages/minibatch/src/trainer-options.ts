import { refuse } from "@batchnorm/core";
import { type Batches, balancedBatches } from "./batches.ts";
import type { Cost } from "./cost.ts";
import { type Network, stepsOf } from "./network.ts";
import { Position, type PositionState } from "./position.ts";
import { Random } from "./random.ts";
import { type Rate, requireRate } from "./schedule.ts";
import { requirePosition } from "./trainer-state.ts";

/** How a network is trained. */
export interface TrainerOptions {
  /** Samples of a mini-batch. Default the network's own, which is the most there can be. */
  readonly batchSize?: number | undefined;
  /** Whether every epoch takes the samples in another order. Default true. */
  readonly shuffle?: boolean | undefined;
  /** What orders are drawn with: an integer in [0, 2^53). Default 0: every run is alike. */
  readonly seed?: number | undefined;
  /** Default 0.1. */
  readonly rate?: Rate | undefined;
  /**
   * Where to go on: the `position` of a trainer with as many samples, of which the network is as it was
   * left. It brings its own generator, and so no seed counts beside it. Default: the beginning.
   */
  readonly position?: PositionState | undefined;
  /** What is told, and compared with a threshold, instead of the network's loss. Default the loss. */
  readonly cost?: Cost | undefined;
}

/** Options with nothing left open, but for the seed and the position, which make a generator. */
export interface ResolvedTrainerOptions {
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly rate: Rate;
  readonly cost: Cost | null;
}

const keys = ["batchSize", "shuffle", "seed", "rate", "position", "cost"];

/** @throws {BatchNormError} `ERR_BATCHNORM_OPTION` naming what is unknown or out of range. */
export function resolveTrainerOptions(
  options: TrainerOptions,
  network: Network,
): ResolvedTrainerOptions {
  if (typeof options !== "object" || options === null) {
    refuse("ERR_BATCHNORM_OPTION", "options must be an object", options);
  }
  for (const key of Object.keys(options)) {
    if (keys.includes(key)) continue;
    refuse("ERR_BATCHNORM_OPTION", `an option must be one of ${keys.join(", ")}`, key);
  }
  const { batchSize = network.batchSize, shuffle = true, rate = 0.1, cost = null } = options;
  if (typeof shuffle !== "boolean") {
    refuse("ERR_BATCHNORM_OPTION", "shuffle must be true or false", shuffle);
  }
  requireRate(rate);
  if (cost !== null && cost !== "squared-error" && typeof cost !== "function") {
    refuse("ERR_BATCHNORM_OPTION", "cost must be a function, or squared-error", cost);
  }
  return { batchSize, shuffle, rate, cost: cost === network.options.loss ? null : cost };
}

/** Where training begins. @throws {BatchNormError} `ERR_BATCHNORM_OPTION`, `ERR_BATCHNORM_STATE`. */
export function beginningOf({ position, seed = 0 }: TrainerOptions): Position {
  if (position === undefined) return new Position(new Random(seed));
  requirePosition(position);
  return Position.fromState(position);
}

/**
 * How a network's epochs are dealt out.
 *
 * @throws {BatchNormError} as {@link balancedBatches}; `ERR_BATCHNORM_OPTION` too where the network has no
 * room for the batches.
 */
export function batchesFor(network: Network, samples: number, batchSize: number): Batches {
  const batches = balancedBatches(samples, batchSize, stepsOf(network).leastSamples > 1);
  if (batches.largest > network.batchSize) {
    const rule =
      `${samples} samples by ${batchSize} make a batch of ${batches.largest}, so the network's batchSize ` +
      `must be ${batches.largest} or more`;
    refuse("ERR_BATCHNORM_OPTION", rule, network.batchSize);
  }
  return batches;
}
