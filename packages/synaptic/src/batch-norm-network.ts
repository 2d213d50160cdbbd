import { type BatchNormOptions, defaultOptions, refuse } from "@batchnorm/core";
import type { Initialization } from "@batchnorm/minibatch";
import type { BatchNormLayerClass } from "./batch-norm-layer.ts";
import { refuseStockTraining } from "./batch-norm-neuron.ts";
import { initialize } from "./data-verbs.ts";
import { healGains } from "./graph-memory.ts";
import type { Layer, Layers, Network, Squash, Synaptic } from "./host.ts";
import { type BatchNormJSON, layersOfJSON, toJSON } from "./json.ts";
import { normalizationOf } from "./normalization.ts";

/** A Network that saves, loads and clones its Batch Normalization with it. */
export interface BatchNormNetwork extends Network {
  toJSON(ignoreTraces?: boolean | string): BatchNormJSON;
  clone(): BatchNormNetwork;
}

export interface BatchNormNetworkClass {
  new (layers?: Layers): BatchNormNetwork;
  /** As the function of that name. */
  fromJSON(json: unknown): BatchNormNetwork;
}

export function batchNormNetwork(
  synaptic: Synaptic,
  BatchNormLayer: BatchNormLayerClass,
): BatchNormNetworkClass {
  return class BatchNormNetwork extends synaptic.Network {
    static override fromJSON(json: unknown): BatchNormNetwork {
      return new BatchNormNetwork(layersOfJSON(synaptic, BatchNormLayer, json));
    }

    override toJSON(): BatchNormJSON {
      return toJSON(synaptic, this);
    }

    override clone(): BatchNormNetwork {
      return BatchNormNetwork.fromJSON(this.toJSON());
    }

    /** synaptic's own leaves the unoptimized network without gains, and so without answers. */
    override restore(): void {
      super.restore();
      if (this.optimized) healGains(this);
    }

    /** Refused before the output layer has learned from the sample; generated code refuses by itself. */
    override propagate(rate: number, target: ArrayLike<number>): void {
      requireFrozen(this);
      super.propagate(rate, target);
    }

    override worker(memory: Float64Array, set: unknown, options?: unknown): unknown {
      requireFrozen(this);
      return super.worker(memory, set, options);
    }
  };
}

function requireFrozen({ layers: { hidden, output } }: Network): void {
  for (const layer of [...hidden, output]) {
    if (normalizationOf(layer)?.frozen === false) refuseStockTraining();
  }
}

export interface PerceptronOptions extends BatchNormOptions {
  /** Of the hidden layers. Default `Neuron.squash.LOGISTIC`, as synaptic has it. */
  readonly squash?: Squash | undefined;
  /** Whether the inputs are normalized too, so that they need no scaling. Default false. */
  readonly normalizeInputs?: boolean | undefined;
  /** Where weights begin. Default glorot. */
  readonly initialization?: Initialization | undefined;
  /** Of the weights: an integer in [0, 2^53). Default 0. */
  readonly seed?: number | undefined;
}

const optionKeys: readonly string[] = [
  ...([
    "squash",
    "normalizeInputs",
    "initialization",
    "seed",
  ] satisfies (keyof PerceptronOptions)[]),
  ...Object.keys(defaultOptions),
];

export interface BatchNormPerceptronClass extends Pick<BatchNormNetworkClass, "fromJSON"> {
  /**
   * Layers of so many neurons, with Batch Normalization between the sums and the squash of each hidden one.
   *
   * @param args - Three sizes or more, as of `Architect.Perceptron`, then options.
   * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` for the sizes; `ERR_BATCHNORM_OPTION`.
   */
  new (...args: readonly (number | PerceptronOptions | undefined)[]): BatchNormNetwork;
}

export function batchNormPerceptron(
  synaptic: Synaptic,
  BatchNormLayer: BatchNormLayerClass,
  BatchNormNetwork: BatchNormNetworkClass,
): BatchNormPerceptronClass {
  const layersOf = (sizes: readonly number[], options: PerceptronOptions): Layers => {
    const { squash, normalizeInputs = false, initialization: _i, seed: _s, ...own } = options;
    const { LOGISTIC, IDENTITY } = synaptic.Neuron.squash;
    const input = new synaptic.Layer(sizes[0]);
    // Nobody reads them; drawn by chance, they would make each saved network another one.
    for (const neuron of input.list) neuron.bias = 0;
    const hidden: Layer[] = [];
    let last = input;
    const append = (layer: Layer): void => {
      hidden.push(layer);
      last = layer;
    };
    if (normalizeInputs) append(new BatchNormLayer(input.size, own).after(input));
    for (const size of sizes.slice(1, -1)) {
      const sums = new synaptic.Layer(size).set({ squash: IDENTITY });
      last.project(sums);
      append(sums);
      append(new BatchNormLayer(size, { ...own, squash: squash ?? LOGISTIC }).after(sums));
    }
    const output = new synaptic.Layer(sizes.at(-1));
    last.project(output);
    return { input, hidden, output };
  };
  return class BatchNormPerceptron extends BatchNormNetwork {
    constructor(...args: readonly (number | PerceptronOptions | undefined)[]) {
      const sized = typeof args.at(-1) === "number";
      const options = sized ? {} : ((args.at(-1) ?? {}) as PerceptronOptions);
      const sizes = (sized ? args : args.slice(0, -1)) as number[];
      requireSizes(sizes);
      requireOptions(options);
      super(layersOf(sizes, options));
      initialize(synaptic, this, options.initialization ?? { kind: "glorot" }, options.seed ?? 0);
    }
  };
}

function requireOptions(options: PerceptronOptions): void {
  if (typeof options !== "object") {
    refuse("ERR_BATCHNORM_OPTION", "options must be an object, after the sizes", options);
  }
  const other = Object.keys(options).find((key) => !optionKeys.includes(key));
  if (other === undefined) return;
  refuse("ERR_BATCHNORM_OPTION", `an option must be one of ${optionKeys.join(", ")}`, other);
}

function requireSizes(sizes: readonly number[]): void {
  if (sizes.length < 3) {
    const rule = "a BatchNormPerceptron must have three sizes or more: input, hidden, output";
    refuse("ERR_BATCHNORM_SHAPE", rule, sizes);
  }
  const bad = sizes.find((size) => !Number.isSafeInteger(size) || size < 1);
  if (bad === undefined) return;
  refuse("ERR_BATCHNORM_SHAPE", "sizes must be integers ≥ 1", bad);
}
