import { BatchNorm, type BatchNormState, refuse } from "@batchnorm/core";
import type { LayerOptions } from "../settings.ts";
import type { HostLayer, LayerBefore, LayerClass, Matrix } from "./brain-namespace.ts";
import { Praxis, type PraxisOptions } from "./praxis.ts";
import { flat, rowsOf } from "./rows.ts";

/** What can be said of a Batch Normalization layer of FeedForward. */
export interface FeedForwardLayerOptions extends LayerOptions {
  /** How gamma and beta learn. Default what the network's `praxisOpts` say. */
  readonly praxisOpts?: PraxisOptions | undefined;
}

/** What a layer with Batch Normalization has besides what any layer of brain.js has. */
export interface BatchNormLayer {
  /** Whether the next `predict` normalizes by the batch. The network sets it. */
  training: boolean;
  /** gamma, beta, running statistics and counts, as plain JSON. */
  toState(): BatchNormState;
  /** @throws {BatchNormError} `ERR_BATCHNORM_STATE`; nothing is loaded then. */
  loadState(state: unknown): void;
  /** Follows these options where it was given none of its own. */
  usePraxis(options: PraxisOptions | undefined): void;
}

/** A layer in FeedForward's JSON. */
export interface LayerJSON {
  readonly type: "BatchNorm";
  readonly options: LayerOptions;
  readonly praxisOpts: PraxisOptions;
  readonly state: BatchNormState;
  readonly momenta: { readonly gamma: readonly number[]; readonly beta: readonly number[] };
}

/** Features by batch: the channels are the rows. */
const axis = 0;

export type LayerConstructor = new (
  inputLayer: LayerBefore,
  options?: FeedForwardLayerOptions,
  resumed?: LayerJSON,
) => HostLayer & BatchNormLayer & { toJSON(): LayerJSON };

/**
 * The layer's class over that copy of brain.js: its own loops look for instances of its own Model, and
 * let nothing else learn.
 */
export function layerClass(Model: LayerClass): LayerConstructor {
  const HostModel = Model as new (settings: object) => HostLayer;

  return class BatchNormModel extends HostModel {
    training = false;
    /** Own, so that brain.js finds what stands before. */
    readonly inputLayer: LayerBefore;
    readonly #core: BatchNorm;
    readonly #options: LayerOptions;
    readonly #ownPraxis: boolean;
    #praxis: { gamma: Praxis; beta: Praxis };

    constructor(
      inputLayer: LayerBefore,
      { praxisOpts, ...options }: FeedForwardLayerOptions = {},
      resumed?: LayerJSON,
    ) {
      const { width, height } = requireMatrix(inputLayer, options);
      const core = resumed
        ? BatchNorm.fromState(resumed.state, { ...options, axis })
        : new BatchNorm(height, { ...options, axis });
      super({ width, height, depth: null });
      this.inputLayer = inputLayer;
      this.#core = core;
      this.#options = options;
      this.#ownPraxis = praxisOpts !== undefined;
      this.#praxis = {
        gamma: new Praxis(height, praxisOpts, resumed?.momenta.gamma),
        beta: new Praxis(height, praxisOpts, resumed?.momenta.beta),
      };
      this.weights = rowsOf(new Float32Array(height * width), height);
      this.deltas = rowsOf(new Float32Array(height * width), height);
      // brain.js gives a Model without one a kernel that learns `weights`, which are our outputs.
      this.praxis = { setupKernels() {}, run() {}, toJSON: () => this.#praxis.gamma.settings };
    }

    usePraxis(options: PraxisOptions | undefined): void {
      if (this.#ownPraxis || options === undefined) return;
      const { gamma, beta } = this.#praxis;
      this.#praxis = {
        gamma: new Praxis(this.height, options, gamma.momenta),
        beta: new Praxis(this.height, options, beta.momenta),
      };
    }

    setupKernels(): void {}

    reuseKernels(): never {
      const rule =
        "batchNorm must stand in a FeedForward, since a recurrent network has no batches";
      return refuse("ERR_BATCHNORM_UNSUPPORTED", rule, "a recurrent one");
    }

    predict(): void {
      const x = flat(this.inputLayer.weights as Matrix);
      const shape = [this.height, x.length / this.height];
      const y = this.#core.forward(x, shape, { training: this.training });
      // The setter clears deltas as well, into which a multiplication would add.
      this.weights = rowsOf(y, this.height);
    }

    compare(): void {
      const { dx, dgamma, dbeta } = this.#core.backward(flat(this.deltas as Matrix));
      this.#gradients = { dgamma: Float64Array.from(dgamma), dbeta: Float64Array.from(dbeta) };
      this.inputLayer.deltas = rowsOf(dx, this.height);
    }

    #gradients: { dgamma: Float64Array; dbeta: Float64Array } | null = null;

    /** Those of the last `compare`. */
    get gradients(): { readonly dgamma: Float64Array; readonly dbeta: Float64Array } | null {
      return this.#gradients;
    }

    learn(): void {
      const { gamma, beta, trainable } = this.#core;
      if (!this.#gradients || !trainable) return;
      const { dgamma, dbeta } = this.#gradients;
      if (gamma) this.#praxis.gamma.learn(gamma, dgamma);
      if (beta) this.#praxis.beta.learn(beta, dbeta);
    }

    toState(): BatchNormState {
      return this.#core.toState();
    }

    loadState(state: unknown): void {
      this.#core.loadState(state);
    }

    toJSON(): LayerJSON & object {
      const { width, height } = this;
      const { gamma, beta } = this.#praxis;
      return {
        type: "BatchNorm",
        ...{ width, height, depth: null, weights: null },
        options: this.#options,
        praxisOpts: gamma.settings,
        state: this.toState(),
        momenta: { gamma: Array.from(gamma.momenta), beta: Array.from(beta.momenta) },
      };
    }
  };
}

/** A matrix of [features][batch], of two samples or more. */
function requireMatrix(layer: LayerBefore, { onSingleValue }: LayerOptions): LayerBefore {
  if (!(layer?.height >= 1) || (layer.depth ?? 0) > 0) {
    const rule = "batchNorm must follow a layer of [features][batch], without depth";
    refuse("ERR_BATCHNORM_UNSUPPORTED", rule, layer?.depth ?? layer);
  }
  if (layer.width < 2 && onSingleValue !== "beta") {
    const rule =
      "width of the layer before batchNorm must be the batch, 2 samples or more: input({ height: features, width: batch })";
    refuse("ERR_BATCHNORM_TOO_FEW_VALUES", rule, layer.width);
  }
  return layer;
}
