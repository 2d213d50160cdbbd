import type { BatchNormState } from "@batchnorm/core";
import type { DiagnosisLimits, Finding } from "@batchnorm/core/diagnosis";
import type { Initialization, RecalibrateOptions, Samples } from "@batchnorm/minibatch";
import { type BatchNormLayerClass, batchNormLayer } from "./batch-norm-layer.ts";
import {
  type BatchNormNetwork,
  type BatchNormNetworkClass,
  type BatchNormPerceptronClass,
  batchNormNetwork,
  batchNormPerceptron,
} from "./batch-norm-network.ts";
import { HostedTrainer } from "./batch-trainer.ts";
import * as verbs from "./data-verbs.ts";
import { foldBatchNorm } from "./fold.ts";
import type { Network, NetworkLike, Synaptic } from "./host.ts";
import { type BatchNormJSON, toJSON } from "./json.ts";
import { predictBatch } from "./predict-batch.ts";
import { requireSynaptic } from "./require-host.ts";
import * as states from "./states.ts";
import type { TrainingOptions } from "./training-options.ts";

/** Trains networks of one copy of synaptic; see {@link HostedTrainer}. */
export type BatchTrainer = HostedTrainer;

export interface BatchTrainerClass {
  new (network: NetworkLike, options?: TrainingOptions): BatchTrainer;
}

/** Everything that the package does, for one copy of synaptic. */
export interface BatchNormSynaptic {
  readonly BatchNormLayer: BatchNormLayerClass;
  readonly BatchNormNetwork: BatchNormNetworkClass;
  readonly BatchNormPerceptron: BatchNormPerceptronClass;
  readonly BatchTrainer: BatchTrainerClass;
  /** @see {@link toJSON} */
  toJSON(network: NetworkLike): BatchNormJSON;
  /** A network of what `toJSON` gave, its Batch Normalization included, or of JSON of synaptic's own. */
  fromJSON(json: unknown): BatchNormNetwork;
  /** @see {@link predictBatch} */
  predictBatch(network: NetworkLike, inputs: readonly ArrayLike<number>[]): number[][];
  /** @see {@link foldBatchNorm} */
  foldBatchNorm(network: NetworkLike): Network;
  /** @see {@link states.freezeBatchNorm} */
  freezeBatchNorm(network: NetworkLike): void;
  unfreezeBatchNorm(network: NetworkLike): void;
  /** @see {@link verbs.recalibrate} */
  recalibrate(network: NetworkLike, inputs: Samples, options?: RecalibrateOptions): void;
  /** @see {@link verbs.inspectBatchNorm} */
  inspectBatchNorm(
    network: NetworkLike,
    inputs?: Samples | null,
    limits?: Partial<DiagnosisLimits>,
  ): Finding[];
  /** @see {@link verbs.initialize} */
  initialize(network: NetworkLike, how: Initialization, seed: number): void;
  /** @see {@link states.batchNormStates} */
  batchNormStates(network: NetworkLike): BatchNormState[];
  /** @see {@link states.loadBatchNormStates} */
  loadBatchNormStates(network: NetworkLike, states: readonly unknown[]): void;
}

/** By their Layer, so that one copy has one BatchNormLayer. */
const made = new WeakMap<object, BatchNormSynaptic>();

/**
 * Batch Normalization for the synaptic that a program uses.
 *
 * @param synaptic - What `import synaptic from "synaptic"` gives. Its classes know their own kind alone, so
 * it is taken and never imported.
 * @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for what is not synaptic.
 *
 * @example
 * const { BatchNormPerceptron, BatchTrainer } = createBatchNorm(synaptic);
 * const network = new BatchNormPerceptron(64, 100, 100, 10);
 * new BatchTrainer(network).train(set, { rate: 0.5, iterations: 20 });
 * network.activate(input);
 */
export function createBatchNorm(synaptic: object): BatchNormSynaptic {
  const host = requireSynaptic(synaptic);
  const before = made.get(host.Layer);
  if (before) return before;
  const all = bind(host);
  made.set(host.Layer, all);
  return all;
}

function bind(host: Synaptic): BatchNormSynaptic {
  const BatchNormLayer = batchNormLayer(host);
  const BatchNormNetwork = batchNormNetwork(host, BatchNormLayer);
  return Object.freeze({
    BatchNormLayer,
    BatchNormNetwork,
    BatchNormPerceptron: batchNormPerceptron(host, BatchNormLayer, BatchNormNetwork),
    BatchTrainer: class BatchTrainer extends HostedTrainer {
      constructor(network: NetworkLike, options?: TrainingOptions) {
        super(host, network, options);
      }
    },
    toJSON: (network) => toJSON(host, network),
    fromJSON: (json) => BatchNormNetwork.fromJSON(json),
    predictBatch: (network, inputs) => predictBatch(host, network, inputs),
    foldBatchNorm: (network) => foldBatchNorm(host, network),
    freezeBatchNorm: (network) => states.freezeBatchNorm(host, network),
    unfreezeBatchNorm: (network) => states.unfreezeBatchNorm(host, network),
    recalibrate: (network, inputs, options) => verbs.recalibrate(host, network, inputs, options),
    inspectBatchNorm: (network, inputs, limits) =>
      verbs.inspectBatchNorm(host, network, inputs, limits),
    initialize: (network, how, seed) => verbs.initialize(host, network, how, seed),
    batchNormStates: (network) => states.batchNormStates(host, network),
    loadBatchNormStates: (network, all) => states.loadBatchNormStates(host, network, all),
  } satisfies BatchNormSynaptic);
}
