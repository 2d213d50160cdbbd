import { type BatchNormState, type FloatArray, type Moments, refuse } from "@batchnorm/core";
import type { Backend } from "@batchnorm/kernels/memory";
import { type BatchNormLayer, batchNormLayers } from "./batch-norm-layer.ts";
import { executorFor } from "./compute.ts";
import { Dataset, inputOf, outputOf } from "./dataset.ts";
import type { Executor } from "./executor.ts";
import { differentiate, type GradientsOf, type NetworkGradients } from "./gradients.ts";
import type { Graph } from "./graph.ts";
import { batchNormOf, biasOf, denseOf, layerOf, matrixOf, vectorOf } from "./layer-matrices.ts";
import { writeMasks } from "./masks.ts";
import { measureLayer } from "./measure.ts";
import {
  type NetworkOptions,
  type NumberType,
  type ResolvedNetworkOptions,
  requireLossFor,
  resolveNetworkOptions,
} from "./network-options.ts";
import {
  type NetworkState,
  optionsOfNetworkState,
  readNetworkState,
  writeNetworkState,
} from "./network-state.ts";
import { outFor, readMatrix, requireNumbers, writeMatrix } from "./parameters.ts";
import { plainGraph } from "./plain-graph.ts";
import { type ResolvedGraph, resolveGraph } from "./resolved-graph.ts";
import { outputsInto, predictInto, requireSamples, requireStepped } from "./samples.ts";
import { copyIn, copyOut, type Snapshot } from "./snapshot.ts";
import { Steps } from "./steps.ts";

/** For trainers, which make many steps at once. @throws `ERR_BATCHNORM_DISPOSED`. */
export let stepsOf: (network: Network) => Steps;

/**
 * A feed-forward network that is trained in mini-batches. It lies in WebAssembly memory, or in a plain
 * array where there is none.
 *
 * Layers count from 1, as the graph's places do; matrices are row-major. Weights and biases are 0 until
 * they are written.
 *
 * @example
 * const net = new Network({ inputs: 2, layers: [{ units: 1, activation: "sigmoid" }] }, { batchSize: 4 });
 * net.writeWeights(1, 0, [0.1, -0.2]);
 * const data = net.load(x, targets, 4);
 * const loss = net.step(data, Uint32Array.of(0, 1, 2, 3), 0, 4, 0.5);
 */
export class Network {
  /** As it was given, as plain JSON. */
  readonly graph: Graph;
  /** Every option, the defaults included. */
  readonly options: ResolvedNetworkOptions;
  readonly type: NumberType;
  /** The most samples of a training step. */
  readonly batchSize: number;
  /** Features of a sample. */
  readonly inputs: number;
  readonly outputs: number;
  /** What computes: WebAssembly, or TypeScript in float64 where that cannot run. */
  readonly backend: Backend;
  readonly #graph: ResolvedGraph;
  readonly #norms: ReadonlyMap<number, BatchNormLayer>;
  readonly #steps: Steps;
  #executor: Executor | null;

  static {
    stepsOf = (network) => (network.#executor ? network.#steps : refuseDisposed());
  }

  /**
   * @throws {BatchNormError} `ERR_BATCHNORM_OPTION`, `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_MASK`,
   * `ERR_BATCHNORM_UNSUPPORTED`, naming the layer and the connection.
   */
  constructor(graph: Graph, options: NetworkOptions) {
    this.#graph = resolveGraph(graph);
    this.options = resolveNetworkOptions(options);
    requireLossFor(this.#graph, this.options);
    this.graph = plainGraph(graph);
    this.type = this.options.type;
    this.batchSize = this.options.batchSize;
    const executor = executorFor(this.#graph, this.options);
    const { plan, block } = executor;
    this.#executor = executor;
    this.backend = executor.backend;
    this.inputs = inputOf(plan).units;
    this.outputs = outputOf(plan).units;
    this.#norms = batchNormLayers(plan);
    for (const norm of this.#norms.values()) norm.initialize(block);
    this.#steps = new Steps(executor, [...this.#norms.values()]);
    this.#steps.initialize();
    writeMasks(executor, this.#graph);
  }

  /**
   * The weights of a dense connection, [units, source units].
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` for an identity; `ERR_BATCHNORM_SHAPE`,
   * `ERR_BATCHNORM_DTYPE`.
   */
  readWeights(layer: number, connection = 0, out?: FloatArray): FloatArray {
    const { plan, block } = this.#in;
    const dense = denseOf(plan, layer, connection);
    const at = matrixOf(plan, layerOf(plan, layer), dense, dense.weights);
    const to = outFor("out", out, this.options.type, at.rows * at.columns);
    readMatrix(block.values, at, to);
    return to;
  }

  /**
   * Replaces the weights of a dense connection; those that its mask excludes stay 0.
   *
   * @throws {BatchNormError} as {@link readWeights}; `ERR_BATCHNORM_NON_FINITE` with the index.
   */
  writeWeights(layer: number, connection: number, values: ArrayLike<number>): void {
    const { plan, block } = this.#in;
    const dense = denseOf(plan, layer, connection);
    const at = matrixOf(plan, layerOf(plan, layer), dense, dense.weights);
    requireNumbers("weights", values, at.rows * at.columns);
    const mask = this.#graph.layers[layer - 1]?.connections[connection]?.mask;
    const kept = mask ? Float64Array.from(values, (value, i) => (mask[i] ? value : 0)) : values;
    writeMatrix(block.values, at, kept);
  }

  /** @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` where there is none; as {@link readWeights}. */
  readBias(layer: number, out?: FloatArray): FloatArray {
    const { plan, block } = this.#in;
    const at = vectorOf(plan, layerOf(plan, layer), biasOf(plan, layer));
    const to = outFor("out", out, this.options.type, at.columns);
    readMatrix(block.values, at, to);
    return to;
  }

  /** @throws {BatchNormError} as {@link readBias}; `ERR_BATCHNORM_NON_FINITE` with the index. */
  writeBias(layer: number, values: ArrayLike<number>): void {
    const { plan, block } = this.#in;
    const at = vectorOf(plan, layerOf(plan, layer), biasOf(plan, layer));
    requireNumbers("bias", values, at.columns);
    writeMatrix(block.values, at, values);
  }

  /** @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` without Batch Normalization. */
  batchNormState(layer: number): BatchNormState {
    return this.#norm(layer).state(this.#in.block);
  }

  /**
   * Takes a state over: arrays, counts, epsilon, momentum, estimator and start.
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_STATE` where it does not fit; nothing is loaded then.
   */
  loadBatchNormState(layer: number, state: unknown): void {
    const norm = this.#norm(layer);
    norm.load(this.#in.block, norm.parse(state));
  }

  /** Makes a layer's Batch Normalization run as at inference in training, and stay as it is; or not. */
  freeze(layer: number, frozen: boolean): void {
    this.#norm(layer).freeze(this.#in.block, frozen);
  }

  isFrozen(layer: number): boolean {
    return this.#norm(layer).isFrozen(this.#in.block);
  }

  /**
   * Copies samples to where the network computes: x, [count, inputs], and targets, [count, outputs].
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`.
   */
  load(x: FloatArray, targets: FloatArray, count: number): Dataset {
    const executor = this.#in;
    requireSamples(executor.plan, x, count);
    const data = new Dataset(executor, count);
    try {
      data.update(x, targets);
    } catch (error) {
      data.free();
      throw error;
    }
    return data;
  }

  /**
   * One training step on the samples `indices[from]` to `indices[from + count − 1]`.
   *
   * @param count - 1 to batchSize; at least 2 where Batch Normalization trains, unless it has
   * `onSingleValue: "beta"`.
   * @param rate - Of the optimizer, ≥ 0.
   * @returns the mean loss before the update. Where it is not finite, parameters have not been updated,
   * and neither have running statistics, unless `onNonFinite: "propagate"` wants them to be.
   * @throws {BatchNormError} `ERR_BATCHNORM_NON_FINITE` for a batch that a BN layer refuses;
   * `ERR_BATCHNORM_TOO_FEW_VALUES`; `ERR_BATCHNORM_SHAPE` for indices; `ERR_BATCHNORM_OPTION`. Nothing has
   * changed then.
   */
  step(data: Dataset, indices: Uint32Array, from: number, count: number, rate: number): number {
    if (this.#executor === null) refuseDisposed();
    return this.#steps.step(data, indices, from, count, rate, false);
  }

  /** What the last step, of `count` samples, gave before its update: [count, outputs]. @throws as `predict`. */
  readOutputs(count: number, out?: FloatArray): FloatArray {
    const executor = this.#in;
    requireStepped(executor.plan, count);
    return outputsInto(executor, count, outFor("out", out, this.type, count * this.outputs));
  }

  /**
   * The outputs, [count, outputs], by the running statistics, for x, [count, inputs].
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`.
   */
  predict(x: FloatArray, count: number, out?: FloatArray): FloatArray {
    const executor = this.#in;
    requireSamples(executor.plan, x, count);
    const to = outFor("out", out, this.options.type, count * this.outputs);
    predictInto(executor, x, count, to);
    return to;
  }

  /**
   * The moments of what a BN layer normalizes, of all samples together, with the layers before it as at
   * inference.
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` without Batch Normalization;
   * `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`.
   */
  measure(x: FloatArray, count: number, layer: number): Moments {
    const executor = this.#in;
    batchNormOf(executor.plan, layer);
    requireSamples(executor.plan, x, count);
    return measureLayer(executor, layerOf(executor.plan, layer), x, count);
  }

  /**
   * The gradients of the mean loss, or of Σ upstream · y, with y and the loss itself. BN layers that are
   * not frozen normalize by the batch. Nothing is updated.
   *
   * @param count - 1 to batchSize.
   * @throws {BatchNormError} `ERR_BATCHNORM_TOO_FEW_VALUES`, `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`.
   */
  gradients(x: FloatArray, count: number, of: GradientsOf): NetworkGradients {
    const executor = this.#in;
    for (const norm of this.#norms.values()) norm.requireTrainable(executor.block, count);
    return differentiate(executor, x, count, of);
  }

  /** Everything that training changes: parameters, the optimizer's values, running statistics, counts. */
  snapshot(out?: Snapshot): Snapshot {
    return copyOut(this.#in, out);
  }

  /** @throws {BatchNormError} `ERR_BATCHNORM_STATE` for a snapshot of another network. */
  restore(snapshot: Snapshot): void {
    copyIn(this.#in, snapshot);
  }

  /** All of it as plain JSON, exactly. */
  toState(): NetworkState {
    return readNetworkState(this.#in, this.graph, this.#norms);
  }

  /**
   * Makes a network of a state, which goes on exactly where the saved one stopped.
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_STATE` naming the field; what the constructor refuses.
   */
  static fromState(state: unknown): Network {
    const { graph, options } = optionsOfNetworkState(state);
    const network = new Network(graph, options);
    try {
      writeNetworkState(network.#in, network.#norms, state as NetworkState);
    } catch (error) {
      network.dispose();
      throw error;
    }
    return network;
  }

  /** Gives the memory back, that of its data sets excepted. Disposing twice does nothing. */
  dispose(): void {
    this.#executor?.block.free();
    this.#executor = null;
  }

  /** What computes, of a network that is not disposed of. */
  get #in(): Executor {
    return this.#executor ?? refuseDisposed();
  }

  #norm(layer: number): BatchNormLayer {
    batchNormOf(this.#in.plan, layer);
    return this.#norms.get(layer) as BatchNormLayer;
  }
}

function refuseDisposed(): never {
  const rule = "a network must not be used once it is disposed of";
  refuse("ERR_BATCHNORM_DISPOSED", rule, "a disposed one");
}
