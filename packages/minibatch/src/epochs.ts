import { BatchNormError, type FloatArray, refuse } from "@batchnorm/core";
import type { Batches } from "./batches.ts";
import type { Cost } from "./cost.ts";
import type { Dataset } from "./dataset.ts";
import { LastGood } from "./last-good.ts";
import type { Network } from "./network.ts";
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
  readonly #order: Uint32Array;
  /** The generator after this epoch's order was drawn: the next epoch's. */
  readonly #drawn = new Random(0);
  readonly #lastGood: LastGood;
  readonly #cost: Cost | null;
  /** Of a step, for the cost. */
  #outputs: FloatArray;

  constructor({ network, data, batches, shuffle, position, cost }: Parts, rate: Rate) {
    this.rate = rate;
    this.position = position;
    this.batches = batches;
    this.#network = network;
    this.#data = data;
    this.#shuffle = shuffle;
    this.#order = new Uint32Array(data.count);
    this.#lastGood = new LastGood(network);
    this.#cost = cost;
    this.#outputs = network.readOutputs(1);
    // An epoch that begins is dealt out by its first step.
    if (position.batch > 0) this.#deal();
    this.begin();
  }

  /** Copies the network as it is: since the last step, it may have been written to. */
  begin(): void {
    this.#lastGood.copy(this.position);
  }

  /**
   * Takes up to `limit` steps, none beyond this epoch.
   *
   * @returns the epoch's mean loss when it is over, else null.
   * @throws {BatchNormError} `ERR_BATCHNORM_NON_FINITE` when training diverges; network and position are
   * back at the last good copy then. `ERR_BATCHNORM_OPTION` for a bad rate of a function's.
   */
  advance(limit: number): number | null {
    const { position, batches } = this;
    if (position.batch === 0) this.#deal();
    let from = batches.startOf(position.batch);
    for (let done = 0; done < limit && position.batch < batches.count; done++) {
      if (position.step - this.#lastGood.step >= stepsBetweenCopies) this.requireFinite();
      const count = batches.startOf(position.batch + 1) - from;
      const loss = this.#step(from, count);
      this.#lastGood.confirm();
      position.batch++;
      position.step++;
      position.lossSum += this.#costOf(from, count) ?? loss * count;
      from += count;
    }
    return position.batch === batches.count ? this.#endEpoch() : null;
  }

  /** Copies the network, all of whose parameters must be finite. @throws as `advance`. */
  requireFinite(): void {
    if (this.#lastGood.copyIfFinite(this.position)) return;
    const rule = `all parameters must be finite after step ${this.position.step}`;
    this.#diverge(rule, "NaN or infinity");
  }

  #step(from: number, count: number): number {
    const rate = rateAt(this.rate, this.position);
    let reason: unknown;
    try {
      const loss = this.#network.step(this.#data, this.#order, from, count, rate);
      if (Number.isFinite(loss)) return loss;
      reason = loss;
    } catch (error) {
      if (!(error instanceof BatchNormError && error.code === "ERR_BATCHNORM_NON_FINITE"))
        throw error;
      reason = error.message;
    }
    const { step, epoch } = this.position;
    const samples = named(this.#order.subarray(from, from + count));
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
    const value = this.#cost(this.#outputs, this.#order.subarray(from, from + count));
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
    const order = this.#order;
    for (let i = 0; i < order.length; i++) order[i] = i;
    if (this.#shuffle) this.#drawn.shuffle(order);
  }

  #endEpoch(): number {
    const { position } = this;
    const loss = position.lossSum / this.#order.length;
    position.loss = loss;
    position.lossSum = 0;
    position.batch = 0;
    position.epoch++;
    position.random.copyFrom(this.#drawn);
    return loss;
  }
}

/** The most samples that a message lists. */
const mostNamed = 5;

function named(samples: Uint32Array): string {
  const listed = samples.subarray(0, mostNamed).join(", ");
  const more = samples.length - mostNamed;
  return more > 0 ? `${listed} and ${more} more` : listed;
}
