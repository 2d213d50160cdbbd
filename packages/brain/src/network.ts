import { refuse } from "@batchnorm/core";
import { Random } from "@batchnorm/minibatch";
import { type Host, type HostClass, type Row, useLookups } from "./host.ts";
import {
  type BatchNormJSON,
  fromBatchNormJSON,
  type Loaded,
  requireFits,
  toBatchNormJSON,
} from "./json.ts";
import { activationOf, requireActivation } from "./plan-engine.ts";
import { openSession, requireIdle, type Session, sessionOf } from "./session.ts";
import { type BatchNormSettings, resolveSettings } from "./settings.ts";
import { beginTraining, type Training } from "./training.ts";
import type { BatchNormClass, NeuralNetworkClass, Stops, TrainResult } from "./types.ts";
import { unlessThrown } from "./unless-thrown.ts";

/**
 * brain.js's NeuralNetwork, trained by mini-batch with Batch Normalization. After training it is a stock
 * network, with Batch Normalization folded into its weights and biases: `run`, `test`, `toFunction` and
 * `toJSON` are brain.js's own.
 *
 * @param Base - NeuralNetwork of brain.js 1.6.1 or 2.0.0-beta.24. Types follow those of its
 * instantiation: `withBatchNorm(NeuralNetwork<number[], number[]>)`.
 * @returns a class with the option `batchNorm` besides.
 * @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` for NeuralNetworkGPU, for a recurrent network, and
 * for what is no NeuralNetwork.
 *
 * @example
 * const net = new (withBatchNorm(NeuralNetwork))({ hiddenLayers: [16], batchNorm: { input: true } });
 * net.train(data, { iterations: 200 });
 */
export function withBatchNorm<Base extends NeuralNetworkClass>(Base: Base): BatchNormClass<Base> {
  requireNeuralNetwork(Base);
  const HostBase = Base as unknown as HostClass;

  class BatchNormNeuralNetwork extends HostBase {
    constructor(options: { readonly batchNorm?: BatchNormSettings } = {}) {
      const { batchNorm, ...stock } = options;
      const settings = resolveSettings(batchNorm);
      super(stock);
      activationOf(this);
      openSession(this, settings);
    }

    override initialize(): void {
      const session = sessionOf(this);
      requireIdle(session);
      // 1.6.1 keeps what stands there.
      this.runInput = null;
      this.calculateDeltas = null;
      super.initialize();
      session.engine = null;
      if (session.settings.seed !== null) drawWeights(this, session.settings.seed);
    }

    train(data: unknown, options: object & Stops = {}): TrainResult {
      const training = beginTraining(this, data, options);
      try {
        if (training.goesOn()) training.trainer.train(this.#until(training));
        return training.status;
      } finally {
        training.end();
      }
    }

    async trainAsync(data: unknown, options: object & Stops = {}): Promise<TrainResult> {
      const training = beginTraining(this, data, options);
      try {
        if (training.goesOn()) await training.trainer.trainAsync(this.#until(training));
        return training.status;
      } finally {
        training.end();
      }
    }

    /** brain.js's own tick tells of an epoch, when the epoch is over: when to log, call back, and stop. */
    #until({ status, signal, goesOn, show }: Training) {
      const session = sessionOf(this);
      return {
        epochs: Number.POSITIVE_INFINITY,
        signal,
        until: ({ loss }: { readonly loss: number }): boolean => {
          show();
          // The engine's loss is half the squared error, summed over the outputs.
          session.epochError = (2 * loss) / (this.sizes?.at(-1) ?? 1);
          try {
            this.trainingTick([], status, Number.POSITIVE_INFINITY);
          } finally {
            session.epochError = null;
          }
          return !goesOn();
        },
      };
    }

    calculateTrainingError(): number {
      return sessionOf(this).epochError ?? refuseSample("calculateTrainingError");
    }

    trainPatterns(): void {
      if (sessionOf(this).epochError === null) refuseSample("trainPatterns");
    }

    trainPattern(): never {
      return refuseSample("trainPattern");
    }

    override toJSON(): object {
      const session = sessionOf(this);
      if (session.trainer) session.write(this);
      return { ...super.toJSON(), batchNorm: toBatchNormJSON(this, session) };
    }

    override fromJSON(json: { readonly batchNorm?: BatchNormJSON }): this {
      const session = sessionOf(this);
      requireIdle(session);
      const { batchNorm, ...stock } = json;
      const loaded =
        batchNorm === undefined ? null : fromBatchNormJSON(batchNorm, session.settings);
      requireActivation(this, (stock as Partial<Host>).activation);
      unlessThrown(this, () => {
        super.fromJSON(stock);
        if (loaded) requireFits(this, loaded);
      });
      if (loaded) takeOver(this, session, loaded);
      return this;
    }
  }
  return BatchNormNeuralNetwork as unknown as BatchNormClass<Base>;
}

/** By what the classes alone have, since a copy of brain.js that was minified has other names. */
function requireNeuralNetwork(Base: unknown): void {
  const prototype = (typeof Base === "function" ? Base.prototype : null) ?? {};
  if ("buildRunInput" in prototype) {
    const rule =
      "withBatchNorm must be given NeuralNetwork: one on the GPU keeps its weights there";
    refuse("ERR_BATCHNORM_UNSUPPORTED", rule, Base);
  }
  if ("mapModel" in prototype) {
    const rule = "withBatchNorm must be given NeuralNetwork: a recurrent one has no batches";
    refuse("ERR_BATCHNORM_UNSUPPORTED", rule, Base);
  }
  const needed = ["initialize", "trainingTick", "verifyIsInitialized", "setActivation", "toJSON"];
  if (needed.every((name) => name in prototype)) return;
  const rule = "withBatchNorm must be given NeuralNetwork of brain.js 1.6.1 or 2.0.0-beta.24";
  refuse("ERR_BATCHNORM_UNSUPPORTED", rule, Base);
}

function refuseSample(method: string): never {
  const rule =
    "a network with Batch Normalization must be trained by train(data) or trainAsync(data), in mini-batches: " +
    "one sample alone has no variance";
  return refuse("ERR_BATCHNORM_UNSUPPORTED", rule, method);
}

/** The raw network in place of the folded one. */
function takeOver(
  host: Host,
  session: Session,
  { settings, engine, inputLookup, outputLookup }: Loaded,
): void {
  session.settings = settings;
  session.engine = engine;
  useLookups(host, inputLookup, outputLookup);
  session.write(host);
}

/** In (−0.2, 0.2), as brain.js draws its own. */
function drawWeights({ weights, biases }: Host, seed: number): void {
  const random = new Random(seed);
  const draw = (row: Row): void => {
    for (let i = 0; i < row.length; i++) row[i] = 0.4 * random.uniform() - 0.2;
  };
  for (const [layer, rows] of weights.entries()) {
    if (layer === 0) continue;
    rows.forEach(draw);
    draw(biases[layer] as Row);
  }
}
