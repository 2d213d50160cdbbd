import { Random, type RandomState } from "./random.ts";
import type { Moment } from "./schedule.ts";

/** A {@link Position} as plain JSON. */
export interface PositionState extends Moment {
  readonly batch: number;
  readonly lossSum: number;
  /** The generator at the epoch's start. */
  readonly random: RandomState;
}

/**
 * Where training is. The order of the samples needs no place here: it follows from the generator's state
 * at the epoch's start.
 */
export class Position implements Moment {
  epoch = 0;
  step = 0;
  loss: number | null = null;
  /** Batches of this epoch that are done. */
  batch = 0;
  /** Σ loss · samples over them. */
  lossSum = 0;
  /** What this epoch's order is drawn with, as it is before that. */
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  static fromState({ random, ...state }: PositionState): Position {
    const position = new Position(Random.fromState(random));
    const { epoch, step, loss, batch, lossSum } = state;
    return Object.assign(position, { epoch, step, loss, batch, lossSum });
  }

  toState(): PositionState {
    const { epoch, step, loss, batch, lossSum, random } = this;
    return { epoch, step, loss, batch, lossSum, random: random.toState() };
  }

  /** Begins anew. @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for a seed; nothing is changed then. */
  restart(seed: number): void {
    this.random.reseed(seed);
    this.epoch = 0;
    this.step = 0;
    this.loss = null;
    this.batch = 0;
    this.lossSum = 0;
  }

  copyFrom(other: Position): void {
    this.epoch = other.epoch;
    this.step = other.step;
    this.loss = other.loss;
    this.batch = other.batch;
    this.lossSum = other.lossSum;
    this.random.copyFrom(other.random);
  }
}
