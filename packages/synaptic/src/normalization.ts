import {
  BatchNorm,
  type BatchNormOptions,
  type BatchNormState,
  type ChannelMap,
  optionsOfState,
  type ResolvedOptions,
} from "@batchnorm/core";
import { channelMapOf } from "@batchnorm/core/checks";
import { resolveBatchNorm } from "@batchnorm/minibatch";
import type { Layer, Neuron } from "./host.ts";

/** Batch Normalization of one layer: what synaptic's graph has no place for. */
export class Normalization {
  /** Null where nobody named it; it then goes by its place in the network. */
  readonly name: string | null;
  frozen: boolean;
  /** As it was made. */
  readonly #options: ResolvedOptions;
  #state: BatchNormState;

  /**
   * @param size - Neurons.
   * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` for the size, `ERR_BATCHNORM_OPTION` and
   * `ERR_BATCHNORM_UNSUPPORTED` for options.
   */
  constructor(size: number, options: BatchNormOptions) {
    resolveBatchNorm(options, "BatchNormLayer");
    const norm = new BatchNorm(size, options);
    this.#options = norm.options;
    this.#state = norm.toState();
    this.frozen = !norm.trainable;
    this.name = options.name ?? null;
  }

  get options(): ResolvedOptions {
    const { name } = this.#options;
    return { ...this.#options, ...optionsOfState(this.#state), name, trainable: !this.frozen };
  }

  /** The state itself, which nobody changes: another one takes its place. */
  get current(): BatchNormState {
    return this.#state;
  }

  /** @param name - Where it has none of its own. */
  state(name: string): BatchNormState {
    return { ...this.#norm().toState(), name: this.name ?? name };
  }

  /** @throws {BatchNormError} `ERR_BATCHNORM_STATE`; nothing is loaded then. */
  load(state: unknown): void {
    const norm = this.#norm();
    norm.loadState(state);
    this.#state = norm.toState();
  }

  /** Takes over a state that an engine of this layer's options gave, and that nobody else has. */
  follow(state: BatchNormState): void {
    this.#state = state;
  }

  /** Gamma and beta as at first, and no statistics. */
  reset(): void {
    this.#state = new BatchNorm(this.#state.channels, this.options).toState();
  }

  /** What it does at inference: `y = k · x + s`. */
  map(): ChannelMap {
    return channelMapOf(this.#state);
  }

  /** A copy. */
  #norm(): BatchNorm {
    return BatchNorm.fromState(this.#state, { name: this.#options.name });
  }
}

const ofLayers = new WeakMap<Layer, Normalization>();
const ofNeurons = new WeakMap<Neuron, Normalization>();

/** Makes a layer one of Batch Normalization. */
export function normalize(layer: Layer, normalization: Normalization): void {
  ofLayers.set(layer, normalization);
  for (const neuron of layer.list) ofNeurons.set(neuron, normalization);
}

export const normalizationOf = (layer: Layer): Normalization | null => ofLayers.get(layer) ?? null;
export const normalizationOfNeuron = (neuron: Neuron): Normalization | null =>
  ofNeurons.get(neuron) ?? null;
