import { BatchNormError, type FloatArray, refuse } from "@batchnorm/core";
import type { Batches } from "./batches.ts";
import type { Cost, CostFunction } from "./cost.ts";
import { Course, type Stretch } from "./course.ts";
import type { Dataset } from "./dataset.ts";
import { LastGood } from "./last-good.ts";
import { type Network, stepsOf } from "./network.ts";
import type { Position } from "./position.ts";
import { Random } from "./random.ts";
import { type Rate, rateAt } from "./schedule.ts";

/**
 * Steps between two copies of the parameters. A copy moves each of them once, a step multiplies each by
 * every sample of its batch: one in 64 is below 1 % of the time, and no more than 64 steps are ever lost.
 */
const stepsBetweenCopies = 64;

/** What steps are made of. */
interface Parts {
  readonly network: Network;
  readonly data: Dataset;
  readonly batches: Batches;
  readonly shuffle: boolean;
  readonly position: Position;
  /** Null for the network's own loss. */
  readonly cost: Cost | null;
}

/** Training, step by step, and back to the last good parameters where it diverges. */
export class Epochs {
  rate: Rate;
  readonly position: Position;
  readonly batches: Batches;
  readonly #network: Network;
  readonly #data: Dataset;
  readonly #shuffle: boolean;
  /** This epoch's order lies in it. */
  readonly #course: Course;
  /** The generator after this epoch's order was drawn: the next epoch's. */
  readonly #drawn = new Random(0);
  readonly #lastGood: LastGood;
  readonly #cost: CostFunction | null;
  readonly #tellsSquares: boolean;
  /** Of a step, for the cost. */
  #outputs: FloatArray;

  constructor({ network, data, batches, shuffle, position, cost }: Parts, rate: Rate) {
    this.rate = rate;
    this.position = position;
    this.batches = batches;
    this.#network = network;
    this.#data = data;
    this.#shuffle = shuffle;
    this.#course = new Course(data, batches, shuffle);
    this.#lastGood = new LastGood(network);
    this.#cost = typeof cost === "function" ? cost : null;
    this.#tellsSquares = cost === "squared-error";
    this.#outputs = network.readOutputs(1);
    // An epoch that begins is dealt out by its first step.
    if (position.batch > 0) this.#deal();
    this.begin();
  }

  /** Copies the network as it is: since the last step, it may have been written to. */
  begin(): void {
    this.#lastGood.copy(this.position);
  }

  /** Begins anew with the network as it is. @throws as `Position.restart`. */
  restart(seed: number): void {
    this.position.restart(seed);
    this.#lastGood.forget();
    this.begin();
  }

  /**
   * Takes up to `limit` steps, none beyond this epoch.
   *
   * @returns the epoch's mean loss when it is over, else null.
   * @throws {BatchNormError} `ERR_BATCHNORM_NON_FINITE` when training diverges; network and position are
   * back at the last good copy then. `ERR_BATCHNORM_OPTION` for a bad rate of a function's.
   */
  advance(limit: number): number | null {
    const { position } = this;
    const end = position.step + limit;
    while (position.step < end) {
      if (this.#go({ steps: end - position.step, epochs: 1, threshold: Number.NaN }) > 0) {
        return position.loss;
      }
    }
    return null;
  }

  /**
   * Brings this epoch to its end, and up to `most` in all where nobody has to be asked between them, and
   * none beyond one whose mean loss is no more than `threshold`.
   *
   * @returns how many.
   * @throws as `advance`.
   */
  complete(most: number, threshold: number): number {
    for (;;) {
      const ended = this.#go({ steps: Number.POSITIVE_INFINITY, epochs: most, threshold });
      if (ended > 0) return ended;
    }
  }

  /** Some of the steps, until the next copy at most. @returns the epochs that ended. */
  #go({ steps, epochs, threshold }: Stretch): number {
    const { position, rate } = this;
    if (position.step - this.#lastGood.step >= stepsBetweenCopies) this.requireFinite();
    const asked = this.#cost !== null || typeof rate === "function";
    if (asked || steps === 1 || !stepsOf(this.#network).runs) return this.#stepAlone();
    const due = this.#lastGood.step + stepsBetweenCopies - position.step;
    return this.#run({
      steps: Math.min(steps, due),
      // A list has another rate for each.
      epochs: typeof rate === "number" ? Math.min(epochs, due) : 1,
      threshold,
    });
  }

  /** In one call. */
  #run(stretch: Stretch): number {
    const { position } = this;
    const before = position.step;
    const course = this.#course;
    const rate = rateAt(this.rate, position);
    course.write(position, this.#drawn, stretch);
    let loss: unknown;
    try {
      loss = stepsOf(this.#network).run(course, rate, this.#tellsSquares);
    } catch (error) {
      loss = reasonOf(error);
    }
    const ended = course.read(position, this.#drawn, stretch);
    if (position.step > before) this.#lastGood.confirm();
    if (!Number.isFinite(loss)) this.#refuseStep(loss, rate);
    return ended;
  }

  #stepAlone(): number {
    const { position, batches } = this;
    // A cost that was refused may have left the end of an epoch open.
    if (position.batch < batches.count) this.#step();
    if (position.batch < batches.count) return 0;
    this.#endEpoch();
    return 1;
  }

  #step(): void {
    const { position, batches } = this;
    if (position.batch === 0) this.#deal();
    const from = batches.startOf(position.batch);
    const count = batches.startOf(position.batch + 1) - from;
    const rate = rateAt(this.rate, position);
    let loss: unknown;
    try {
      const { order } = this.#course;
      loss = this.#tellsSquares
        ? stepsOf(this.#network).step(this.#data, order, from, count, rate, true)
        : this.#network.step(this.#data, order, from, count, rate);
    } catch (error) {
      loss = reasonOf(error);
    }
    if (!Number.isFinite(loss)) this.#refuseStep(loss, rate);
    this.#lastGood.confirm();
    position.batch++;
    position.step++;
    position.lossSum += this.#costOf(from, count) ?? (loss as number) * count;
  }

  /** Copies the network, all of whose parameters must be finite. @throws as `advance`. */
  requireFinite(): void {
    if (this.#lastGood.copyIfFinite(this.position)) return;
    const rule = `all parameters must be finite after step ${this.position.step}`;
    this.#diverge(rule, "NaN or infinity");
  }

  /** The step that comes next cannot be made, for that is its loss or the reason. */
  #refuseStep(reason: unknown, rate: number): never {
    const { step, epoch, batch } = this.position;
    const { startOf } = this.batches;
    const samples = named(this.#course.order.subarray(startOf(batch), startOf(batch + 1)));
    const where = `step ${step + 1}, in epoch ${epoch + 1} (samples ${samples}; rate ${rate})`;
    return this.#diverge(`the loss must be finite at ${where}`, reason);
  }

  /** What the last step's outputs cost; null where the loss is told. */
  #costOf(from: number, count: number): number | null {
    if (!this.#cost) return null;
    const network = this.#network;
    // Balanced batches hardly ever change their size.
    const fits = this.#outputs.length === count * network.outputs;
    this.#outputs = network.readOutputs(count, fits ? this.#outputs : undefined);
    const value = this.#cost(this.#outputs, this.#course.order.subarray(from, from + count));
    if (!Number.isFinite(value)) {
      const rule = `the cost must be a finite number at step ${this.position.step}`;
      refuse("ERR_BATCHNORM_NON_FINITE", rule, value);
    }
    return value;
  }

  #diverge(rule: string, received: unknown): never {
    this.#lastGood.restore(this.position);
    this.#deal();
    const advice =
      "lower the rate, or bring inputs and targets to one scale, as Batch Normalization of the inputs does";
    const kept = `the network is as it was after step ${this.position.step}`;
    refuse("ERR_BATCHNORM_NON_FINITE", `${rule}; ${advice}; ${kept}`, received);
  }

  /** This epoch's order, which follows from the position alone. */
  #deal(): void {
    this.#drawn.copyFrom(this.position.random);
    const { order } = this.#course;
    for (let i = 0; i < order.length; i++) order[i] = i;
    if (this.#shuffle) this.#drawn.shuffle(order);
  }

  #endEpoch(): void {
    const { position } = this;
    position.loss = position.lossSum / this.#data.count;
    position.lossSum = 0;
    position.batch = 0;
    position.epoch++;
    position.random.copyFrom(this.#drawn);
  }
}

/** Why a batch was refused; whatever else was thrown is thrown again. */
function reasonOf(error: unknown): string {
  if (error instanceof BatchNormError && error.code === "ERR_BATCHNORM_NON_FINITE") {
    return error.message;
  }
  throw error;
}

/** The most samples that a message lists. */
const mostNamed = 5;

function named(samples: Uint32Array): string {
  const listed = samples.subarray(0, mostNamed).join(", ");
  const more = samples.length - mostNamed;
  return more > 0 ? `${listed} and ${more} more` : listed;
}
