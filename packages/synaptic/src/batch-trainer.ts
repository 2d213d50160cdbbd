import { refuse } from "@batchnorm/core";
import { Flattener, type TrainOptions, type TrainResult } from "@batchnorm/minibatch";
import { busyNetworks, requireIdle } from "./busy-networks.ts";
import { engineCost, meanCost } from "./costs.ts";
import { Engine } from "./engine.ts";
import type { Cost, NetworkLike, Synaptic } from "./host.ts";
import { Iterations } from "./iterations.ts";
import { KeptTrainer } from "./kept-trainer.ts";
import { wiringOf } from "./list-wiring.ts";
import { requireNetwork } from "./require-host.ts";
import {
  type ResolvedTraining,
  resolveTraining,
  type Sample,
  type TrainingOptions,
} from "./training-options.ts";
import { checkSet, partOf, type TrainingSet } from "./training-set.ts";

/** What synaptic's Trainer gives. */
export interface TrainingResult {
  /** Mean cost of the last iteration's samples, each taken before the step that it led to; 1 before any. */
  readonly error: number;
  readonly iterations: number;
  /** Milliseconds. */
  readonly time: number;
}

/**
 * Trains a network of stock layers and layers of Batch Normalization by mini-batches, with the options and
 * the result of synaptic's own Trainer.
 *
 * The network is read when a call begins, and written when it ends or a schedule is due; after an error in
 * what was asked for, it is as it was. When training diverges, `ERR_BATCHNORM_NON_FINITE` names the step,
 * and the network has the last good parameters.
 */
export class HostedTrainer {
  readonly network: NetworkLike;
  /** What holds for every call that does not say otherwise. May be changed. */
  options: TrainingOptions;
  readonly #synaptic: Synaptic;
  /** So that each call draws other orders. */
  #calls = 0;
  /** Of the last call, if it remembers nothing that the next one must not know. */
  #engine: Engine | null = null;
  readonly #flattener = new Flattener();
  readonly #kept = new KeptTrainer();

  /** @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` for another copy's network; `ERR_BATCHNORM_OPTION`. */
  constructor(synaptic: Synaptic, network: NetworkLike, options: TrainingOptions = {}) {
    requireNetwork(synaptic, network);
    resolveTraining(synaptic.Trainer.cost.MSE, options);
    this.network = network;
    this.options = options;
    this.#synaptic = synaptic;
  }

  /**
   * Trains until something ends it.
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_OPTION`; `ERR_BATCHNORM_UNSUPPORTED` for a network that is not
   * feed-forward, or that is being trained; for the set as `checkSet`; `ERR_BATCHNORM_NON_FINITE` when
   * training diverges.
   */
  train(set: readonly Sample[], options: TrainingOptions = {}): TrainingResult {
    const run = this.#begin(set, options);
    try {
      if (!run.iterations.over) run.enter(run.trainer.train(run.until));
    } finally {
      run.end();
    }
    return run.result();
  }

  /**
   * As {@link HostedTrainer.train}, to the last bit, but lets the event loop run every few milliseconds. A
   * promise that the schedule gives is waited for.
   */
  async trainAsync(set: readonly Sample[], options: TrainingOptions = {}): Promise<TrainingResult> {
    const run = this.#begin(set, options);
    try {
      if (!run.iterations.over) run.enter(await run.trainer.trainAsync(run.until));
    } finally {
      run.end();
    }
    return run.result();
  }

  /**
   * The mean cost of a set, by the network as it is.
   *
   * @param options - `cost` alone counts.
   * @throws {BatchNormError} as {@link HostedTrainer.train}.
   */
  test(
    set: readonly Sample[],
    options: TrainingOptions = {},
  ): Pick<TrainingResult, "error" | "time"> {
    const start = Date.now();
    const { cost } = this.#resolve(options);
    const engine = Engine.of(this.#synaptic, this.network, mostAtOnce);
    try {
      const data = checkSet(set, engine.network, new Flattener());
      const error = this.#meanCost(engine, data, cost);
      return { error, time: Date.now() - start };
    } finally {
      engine.dispose();
    }
  }

  #resolve(options: TrainingOptions): ResolvedTraining {
    return resolveTraining(this.#synaptic.Trainer.cost.MSE, this.options, options);
  }

  #begin(set: readonly Sample[], given: TrainingOptions) {
    const start = Date.now();
    const network = requireNetwork(this.#synaptic, this.network);
    requireIdle(network);
    const options = this.#resolve(given);
    const engine = this.#engineFor(options, set?.length ?? 0);
    const { train, test } = split(checkSet(set, engine.network, this.#flattener), options);
    const { MSE } = this.#synaptic.Trainer.cost;
    const { cost, scale } = engineCost(train, engine.network.outputs, options.cost, MSE);
    const { batchSize, shuffle, seed } = options;
    const trainer = this.#kept.of(engine.network, train.flat, {
      ...{ batchSize, shuffle, cost },
      seed: (seed + this.#calls++) % 2 ** 53,
    });
    const iterations = new Iterations(options, {
      test: test && (() => this.#meanCost(engine, test, options.cost)),
      setRate: (rate) => {
        trainer.rate = rate;
      },
      publish: () => engine.write(),
    });
    const { undisturbed } = iterations;
    const until: TrainOptions = {
      epochs: options.iterations,
      ...(options.signal ? { signal: options.signal } : {}),
      ...(undisturbed
        ? { errorThreshold: options.error / scale }
        : { onEpoch: ({ loss }) => iterations.end(loss * scale), until: () => iterations.over }),
    };
    busyNetworks.add(network);
    return {
      ...{ trainer, iterations, until },
      enter({ epochs, loss }: TrainResult) {
        if (undisturbed) iterations.enter(epochs, (loss ?? 1) * scale);
      },
      end: () => {
        busyNetworks.delete(network);
        this.#kept.release(train.flat);
        engine.write();
      },
      result: (): TrainingResult => ({
        error: iterations.error,
        iterations: iterations.done,
        time: Date.now() - start,
      }),
    };
  }

  /** Making matrices costs as much as training a tiny network does: those of the last call are used again. */
  #engineFor({ batchSize, optimizer }: ResolvedTraining, samples: number): Engine {
    // A lone last sample joins the batch before it.
    const room = Math.min(batchSize, Math.max(1, samples)) + 1;
    const wiring = wiringOf(this.#synaptic, this.network, this.#calls === 0);
    const plain = optimizer.kind === "sgd" && !optimizer.momentum;
    const kept = this.#engine;
    if (kept && plain && kept.wiring === wiring && kept.network.batchSize === room) {
      kept.read();
      return kept;
    }
    const engine = Engine.of(this.#synaptic, this.network, room, optimizer);
    this.#engine?.dispose();
    this.#kept.dispose();
    this.#engine = plain ? engine : null;
    return engine;
  }

  #meanCost({ network }: Engine, set: TrainingSet, cost: Cost): number {
    const outputs = network.predict(set.flat.x, set.flat.count);
    return meanCost(set, network.outputs, cost, this.#synaptic.Trainer.cost.MSE, outputs);
  }
}

/** Samples of a pass that trains nothing. */
const mostAtOnce = 256;

/** The last samples are for testing, as synaptic has it. */
function split(
  all: TrainingSet,
  { crossValidate }: ResolvedTraining,
): { train: TrainingSet; test: TrainingSet | null } {
  if (!crossValidate) return { train: all, test: null };
  const { length } = all.samples;
  const count = Math.ceil((1 - crossValidate.testSize) * length);
  if (count === length) {
    const rule = "crossValidate.testSize must leave a sample or more to test with";
    refuse("ERR_BATCHNORM_OPTION", rule, crossValidate.testSize);
  }
  return { train: partOf(all, 0, count), test: partOf(all, count, length) };
}
