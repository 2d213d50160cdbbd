import { type BatchNormOptions, type BatchNormState, refuse } from "@batchnorm/core";
import { inputsOf } from "./batch-norm-inputs.ts";
import { batchNormNeuron } from "./batch-norm-neuron.ts";
import type {
  Connection,
  Layer,
  LayerConnection,
  LayerLike,
  Network,
  Squash,
  Synaptic,
} from "./host.ts";
import { Normalization, normalizationOf, normalize } from "./normalization.ts";
import { requireLayer } from "./require-host.ts";

/** How a layer of Batch Normalization is made: api.md's names, and what follows it. */
export interface BatchNormLayerOptions extends BatchNormOptions {
  /** The activation function. Default `Neuron.squash.IDENTITY`. */
  readonly squash?: Squash | undefined;
}

/**
 * Batch Normalization as a layer of synaptic's graph: `squash(gamma · (x − mean) / √(variance + epsilon) +
 * beta)`, by the running statistics at inference, where it is one connection per neuron of weight
 * `k = gamma / √(runningVariance + epsilon)` and a bias `beta − k · runningMean`.
 */
export interface BatchNormLayer extends Layer {
  /**
   * Puts it behind a layer of the same size, neuron by neuron.
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` for another size; `ERR_BATCHNORM_UNSUPPORTED` when it
   * follows a layer already, or the layer is of another copy of synaptic. Nothing is connected then.
   */
  after(layer: LayerLike): this;
  /** Whether its statistics, gamma and beta stay as they are. */
  readonly frozen: boolean;
  /** Gamma, beta and running statistics, as plain JSON. */
  toState(): BatchNormState;
}

export interface BatchNormLayerClass {
  /**
   * @param size - Neurons, those of the layer before it.
   * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_OPTION`, `ERR_BATCHNORM_UNSUPPORTED`.
   */
  new (size: number, options?: BatchNormLayerOptions): BatchNormLayer;
  /** A layer of stock neurons, and all its connections, made one of Batch Normalization. */
  adopt(layer: Layer, options: BatchNormOptions): BatchNormLayer;
}

export function batchNormLayer(synaptic: Synaptic): BatchNormLayerClass {
  const BatchNormNeuron = batchNormNeuron(synaptic);

  return class BatchNormLayer extends synaptic.Layer {
    static adopt(layer: Layer, options: BatchNormOptions): BatchNormLayer {
      const adopted = new this(layer.size, options);
      for (const neuron of layer.list) Object.setPrototypeOf(neuron, BatchNormNeuron.prototype);
      adopted.list = layer.list;
      adopted.connectedTo.push(...layer.connectedTo);
      normalize(adopted, normalizationOf(adopted) as Normalization);
      return adopted;
    }

    constructor(size: number, { squash, ...options }: BatchNormLayerOptions = {}) {
      const normalization = new Normalization(size, options);
      super(0);
      for (let i = 0; i < size; i++) {
        const neuron = new BatchNormNeuron();
        neuron.squash = squash ?? synaptic.Neuron.squash.IDENTITY;
        neuron.bias = 0;
        this.add(neuron);
      }
      normalize(this, normalization);
    }

    after(layer: LayerLike): this {
      const source = requireLayer(synaptic, layer);
      if (source.size !== this.size) {
        const rule = `a BatchNormLayer of ${this.size} must follow a layer of as many neurons`;
        refuse("ERR_BATCHNORM_SHAPE", rule, source.size);
      }
      if (this.list.some(({ connections }) => Object.keys(connections.inputs).length > 0)) {
        const rule = "a BatchNormLayer must follow one layer alone; make another one for a second";
        refuse("ERR_BATCHNORM_UNSUPPORTED", rule, "one that follows a layer already");
      }
      source.project(this, synaptic.Layer.connectionType.ONE_TO_ONE, 1);
      this.#commit();
      return this;
    }

    override project(
      to: Layer | Network,
      type?: string,
      weight?: number,
    ): LayerConnection | undefined {
      this.#commit();
      return super.project(to, type, weight);
    }

    /** As at first: no statistics, gamma 1, beta 0. */
    override reset(): void {
      super.reset();
      normalizationOf(this)?.reset();
      this.#commit();
    }

    get frozen(): boolean {
      return normalizationOf(this)?.frozen ?? false;
    }

    toState(): BatchNormState {
      return (normalizationOf(this) as Normalization).state("batch-norm");
    }

    /** Writes what it does at inference where synaptic reads it. */
    #commit(): void {
      const inputs: readonly Connection[] = inputsOf(this, "a BatchNormLayer");
      const { k, s } = (normalizationOf(this) as Normalization).map();
      for (const [i, neuron] of this.list.entries()) {
        const input = inputs[i] as Connection;
        input.weight = k[i] as number;
        input.gain = 1;
        neuron.bias = s[i] as number;
      }
    }
  };
}
