import { refuse } from "@batchnorm/core";
import type { Batches } from "./batches.ts";
import { flatOf, type TrainingData } from "./check-data.ts";
import type { Dataset } from "./dataset.ts";
import { Epochs } from "./epochs.ts";
import { nextTask } from "./event-loop.ts";
import type { FlatSamples } from "./flat-samples.ts";
import { Network } from "./network.ts";
import type { Position, PositionState } from "./position.ts";
import { type Rate, requireRate } from "./schedule.ts";
import {
  batchesFor,
  beginningOf,
  resolveTrainerOptions,
  type TrainerOptions,
} from "./trainer-options.ts";
import { parseTrainerState, type TrainerState } from "./trainer-state.ts";
import {
  asksAfterEach,
  type Progress,
  requireTrainOptions,
  type TrainOptions,
  type TrainResult,
} from "./training.ts";

/** How long `trainAsync` keeps the event loop waiting, but for a single step that takes longer: a frame's half. */
const sliceMs = 8;

/**
 * Trains a network by mini-batches: balanced ones, in another order each epoch, at a rate that may change.
 *
 * When training diverges, `ERR_BATCHNORM_NON_FINITE` names the step, and network and trainer are back at
 * the last good parameters, at most 64 steps before. Training may go on from there at another `rate`.
 *
 * @example
 * const trainer = new Trainer(network, { inputs, targets }, { rate: 0.1, seed: 1 });
 * const { loss } = trainer.train({ epochs: 100, errorThreshold: 0.005 });
 */
export class Trainer {
  readonly network: Network;
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly #data: Dataset;
  readonly #epochs: Epochs;
  #busy = false;

  /**
   * @param data - Copied to where the network computes; later changes of the arrays do not count. Flat
   * samples are not checked again.
   * @throws {BatchNormError} `ERR_BATCHNORM_OPTION`; for the data as `checkSamples`, and
   * `ERR_BATCHNORM_TOO_FEW_VALUES` for a single sample where Batch Normalization takes statistics;
   * `ERR_BATCHNORM_STATE` for a position that is malformed, or beyond the data.
   */
  constructor(network: Network, data: TrainingData | FlatSamples, options: TrainerOptions = {}) {
    const { rate, batchSize, shuffle, cost } = resolveTrainerOptions(options, network);
    const position = beginningOf(options);
    const { x, t, count } = flatOf(data, network);
    const batches = batchesFor(network, count, batchSize);
    requireBatch(position, batches);
    this.network = network;
    this.batchSize = batchSize;
    this.shuffle = shuffle;
    this.#data = network.load(x, t, count);
    const parts = { network, data: this.#data, batches, shuffle, position, cost };
    this.#epochs = new Epochs(parts, rate);
  }

  /**
   * Goes on where another trainer was, in the middle of an epoch too: from there on, every byte is as if
   * training had not been interrupted.
   *
   * @param data - What the other one was trained on; no state holds it.
   * @param options - `rate`: required where it was a function, which no state can hold; `cost`: likewise.
   * @returns a trainer with a network of its own.
   * @throws {BatchNormError} `ERR_BATCHNORM_STATE` for a malformed state, or data of another size;
   * `ERR_BATCHNORM_OPTION` for a rate that is missing; as the constructor.
   */
  static fromState(
    state: unknown,
    data: TrainingData,
    options: Pick<TrainerOptions, "rate" | "cost"> = {},
  ): Trainer {
    const { batchSize, shuffle, samples, position, ...saved } = parseTrainerState(state);
    const rate = options.rate ?? saved.rate;
    if (rate === null) {
      refuse("ERR_BATCHNORM_OPTION", "rate must be given, for a function could not be saved", rate);
    }
    const network = Network.fromState(saved.network);
    try {
      const kept = { batchSize, shuffle, rate, position };
      const trainer = new Trainer(network, data, { ...kept, cost: options.cost });
      const { count } = trainer.#data;
      if (count === samples) return trainer;
      trainer.dispose();
      const rule = `the data must hold the state's ${samples} samples`;
      return refuse("ERR_BATCHNORM_STATE", rule, count);
    } catch (error) {
      network.dispose();
      throw error;
    }
  }

  /** Epochs and steps that are done, and the mean loss of the last epoch that is over. */
  get progress(): Omit<Progress, "loss"> & { readonly loss: number | null } {
    const { epoch, step, loss } = this.#epochs.position;
    return { epoch, step, loss };
  }

  /** Where training is, as plain JSON: what the option `position` goes on from. */
  get position(): PositionState {
    return this.#epochs.position.toState();
  }

  /** May be changed at any time. @throws {BatchNormError} `ERR_BATCHNORM_OPTION`. */
  get rate(): Rate {
    return this.#epochs.rate;
  }

  set rate(rate: Rate) {
    requireRate(rate);
    this.#epochs.rate = rate;
  }

  /**
   * Trains to the end of an epoch, of the one that was begun if there is one.
   *
   * @returns the mean loss of its samples, each taken before the step that it led to.
   * @throws {BatchNormError} `ERR_BATCHNORM_NON_FINITE` when training diverges.
   */
  epoch(): number {
    return this.#alone(() => this.#epochs.advance(Number.POSITIVE_INFINITY)) as number;
  }

  /**
   * Trains for up to so many steps, none beyond the epoch.
   *
   * @returns as {@link Trainer.epoch} when the epoch is over, else null.
   */
  advance(steps: number): number | null {
    if (!Number.isSafeInteger(steps) || steps < 1) {
      refuse("ERR_BATCHNORM_OPTION", "steps must be an integer ≥ 1", steps);
    }
    return this.#alone(() => this.#epochs.advance(steps));
  }

  /**
   * Trains until something ends it; see {@link TrainOptions}.
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_NON_FINITE` when training diverges; `ERR_BATCHNORM_OPTION`.
   */
  train(options: TrainOptions): TrainResult {
    requireTrainOptions(options);
    return this.#alone(() => {
      for (let epochs = 0; ; ) {
        const before = this.#endedBefore(options, epochs);
        if (before) return this.#result(epochs, before);
        const most = asksAfterEach(options) ? 1 : options.epochs - epochs;
        epochs += this.#epochs.complete(most, options.errorThreshold ?? Number.NaN);
        const loss = this.#epochs.position.loss as number;
        options.onEpoch?.(this.#tell(loss));
        const after = this.#endedAfter(options, loss);
        if (after) return this.#result(epochs, after);
      }
    });
  }

  /**
   * As {@link Trainer.train}, to the last bit, but lets the event loop run every few milliseconds. A
   * signal ends it inside an epoch too, whose rest is the first to be trained next time.
   */
  async trainAsync(options: TrainOptions): Promise<TrainResult> {
    requireTrainOptions(options);
    this.#enter();
    try {
      const result = await this.#trainInSlices(options);
      this.#epochs.requireFinite();
      return result;
    } finally {
      this.#busy = false;
    }
  }

  async #trainInSlices(options: TrainOptions): Promise<TrainResult> {
    let deadline = Date.now() + sliceMs;
    for (let epochs = 0; ; ) {
      const before = this.#endedBefore(options, epochs);
      if (before) return this.#result(epochs, before);
      const loss = this.#epochs.advance(1);
      if (loss !== null) {
        epochs++;
        if (options.onEpoch) await options.onEpoch(this.#tell(loss));
        const after = this.#endedAfter(options, loss);
        if (after) return this.#result(epochs, after);
      }
      if (Date.now() < deadline) continue;
      await nextTask();
      deadline = Date.now() + sliceMs;
    }
  }

  /**
   * Begins anew with the network as it is, as a new trainer of the same data and options would, but for the
   * rate, which stays: epoch 0, in orders that another seed draws. It costs less than to make one.
   *
   * @throws {BatchNormError} as the constructor; `ERR_BATCHNORM_UNSUPPORTED` while it trains. Nothing has
   * changed then.
   */
  restart(seed = 0): void {
    this.#requireIdle();
    // Its layers may have been frozen when it was made.
    batchesFor(this.network, this.#data.count, this.batchSize);
    this.#epochs.restart(seed);
  }

  /**
   * Replaces the samples by as many others. Flat samples are not checked again.
   *
   * @throws {BatchNormError} as the constructor; nothing is replaced then.
   */
  update(data: TrainingData | FlatSamples): void {
    const { x, t, count } = flatOf(data, this.network);
    if (count !== this.#data.count) {
      const rule = `the data must hold ${this.#data.count} samples, as before`;
      refuse("ERR_BATCHNORM_SHAPE", rule, count);
    }
    this.#data.update(x, t);
  }

  /** Everything but the data, as plain JSON, at any point between two steps. */
  toState(): TrainerState {
    const { rate, position } = this.#epochs;
    return {
      version: 1,
      network: this.network.toState(),
      samples: this.#data.count,
      batchSize: this.batchSize,
      shuffle: this.shuffle,
      rate: typeof rate === "function" ? null : rate,
      position: position.toState(),
    };
  }

  /** Frees the copy of the data. The network stays. */
  dispose(): void {
    this.#data.free();
  }

  /** Runs what trains, and nothing else meanwhile; parameters are finite in the end. */
  #alone<T>(work: () => T): T {
    this.#enter();
    try {
      const result = work();
      this.#epochs.requireFinite();
      return result;
    } finally {
      this.#busy = false;
    }
  }

  #enter(): void {
    this.#requireIdle();
    this.#busy = true;
    this.#epochs.begin();
  }

  #requireIdle(): void {
    if (!this.#busy) return;
    const rule =
      "a trainer must do one thing at a time: await trainAsync, or stop it by its signal";
    refuse("ERR_BATCHNORM_UNSUPPORTED", rule, "a call while it trains");
  }

  #endedBefore({ signal, epochs: most }: TrainOptions, epochs: number): "signal" | "epochs" | null {
    if (signal?.aborted) return "signal";
    return epochs >= most ? "epochs" : null;
  }

  #endedAfter(
    { errorThreshold, until }: TrainOptions,
    loss: number,
  ): TrainResult["stoppedBy"] | null {
    if (errorThreshold !== undefined && loss <= errorThreshold) return "errorThreshold";
    return until?.(this.#tell(loss)) ? "until" : null;
  }

  #tell(loss: number): Progress {
    const { epoch, step } = this.#epochs.position;
    return { epoch, step, loss };
  }

  #result(epochs: number, stoppedBy: TrainResult["stoppedBy"]): TrainResult {
    return { epochs, loss: this.#epochs.position.loss, stoppedBy };
  }
}

function requireBatch(position: Position, batches: Batches): void {
  if (position.batch < batches.count) return;
  const rule = `position.batch of a trainer's state must be below ${batches.count}`;
  refuse("ERR_BATCHNORM_STATE", rule, position.batch);
}
