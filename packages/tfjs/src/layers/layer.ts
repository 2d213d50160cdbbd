import {
  BatchNormError,
  type BatchNormState,
  type ResolvedOptions,
  refuse,
  resolveAxis,
  resolveOptions,
} from "@batchnorm/core";
import { serialization, sqrt, type Tensor, tidy } from "@tensorflow/tfjs-core";
import { initializers, type LayerVariable, type Shape } from "@tensorflow/tfjs-layers";
import { defaults, requireEpsilon } from "../defaults.ts";
import { type DeviceLayer, readSkipped, readState, writeState } from "../device-state.ts";
import type { Renorm } from "../enter.ts";
import { progressLength } from "../progress.ts";
import type { Running } from "../running.ts";
import { step } from "../step.ts";
import { type BatchNormLayerArguments, parseArguments } from "./arguments.ts";
import { ownConfig } from "./config.ts";
import { Stock, type StockLayer } from "./stock.ts";
import { requireWeights } from "./weights.ts";

/** How a layer is asked to run. */
export interface CallOptions {
  readonly training?: boolean;
  /** Heeded with the argument `supportsMasking`. */
  readonly mask?: Tensor | null;
}

/**
 * Batch Normalization for tfjs-layers: any rank ≥ 2, any axis, scale and center off, frozen in
 * earnest. Weights, names and configuration are the stock layer's, and more where options need more.
 *
 * Make it by {@link batchNormalization}; call {@link registerBatchNorm} before loading a model.
 */
export class BatchNormLayer extends Stock {
  static override readonly className: string = "BatchNorm";
  /** The options of a layer that is told nothing. */
  static readonly defaults: Partial<ResolvedOptions> = defaults;
  #options: ResolvedOptions;
  readonly #training: boolean | null;
  readonly #heedsMask: boolean;
  #running: Running | null = null;
  #renorm: Renorm | null = null;
  /** Where the running statistics keep theirs; one of the layer's weights when a file must have it. */
  #progress: LayerVariable | null = null;
  #disposed = false;

  /**
   * @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for an unknown argument or a value out of range,
   * `ERR_BATCHNORM_AXIS`, `ERR_BATCHNORM_DTYPE`, `ERR_BATCHNORM_UNSUPPORTED` for `synchronized`.
   */
  constructor(args?: BatchNormLayerArguments | null) {
    const { stock, options, training, supportsMasking } = parseArguments(args ?? {});
    super(stock);
    this.#options = resolveOptions({ ...options, name: this.name }, new.target.defaults);
    requireEpsilon(this.#options.epsilon);
    this.#training = training;
    this.#heedsMask = supportsMasking;
  }

  /**
   * Makes the weights, which tfjs-layers does once the input's shape is known.
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` for a rank below 2 or an unknown number of channels,
   * `ERR_BATCHNORM_AXIS` for an axis that the input does not have.
   */
  override build(inputShape: Shape | Shape[]): void {
    const shape = (Array.isArray(inputShape[0]) ? inputShape[0] : inputShape) as Shape;
    const { axis, name, trackRunningStatistics } = this.#options;
    if (shape.length < 2) {
      const rule = `${name}: its input must have a batch and a channel axis (rank ≥ 2)`;
      refuse("ERR_BATCHNORM_SHAPE", rule, shape);
    }
    if (shape[resolveAxis(axis, shape.length)] == null) {
      const rule = `${name}: its input must have a known number of channels on axis ${axis}`;
      refuse("ERR_BATCHNORM_SHAPE", rule, shape);
    }
    super.build(inputShape);
    if (this.#options.renorm) this.#renorm = this.#addAverages();
    if (!trackRunningStatistics) return;
    this.#progress = this.#addKept("moving_progress", progressLength);
    this.#running = {
      mean: this.movingMean,
      variance: this.movingVariance,
      progress: this.#progress,
      valuesPerChannel: undefined,
    };
  }

  /** @throws {BatchNormError} as `BatchNorm.apply` does, for another rank than the first too. */
  override apply(
    inputs: Parameters<StockLayer["apply"]>[0],
    kwargs?: Parameters<StockLayer["apply"]>[1],
  ): ReturnType<StockLayer["apply"]> {
    this.#requireAlive();
    return super.apply(inputs, kwargs);
  }

  /** @throws {BatchNormError} as `BatchNorm.apply` does; `ERR_BATCHNORM_NOT_BUILT` before `build`. */
  override call(inputs: Tensor | Tensor[], kwargs?: CallOptions): Tensor {
    const x = (Array.isArray(inputs) ? inputs[0] : inputs) as Tensor;
    const { channels, running, renorm, ...slots } = this.#device;
    const [gamma, beta] = [slots.gamma?.read() ?? null, slots.beta?.read() ?? null];
    const [options, trainable] = [this.#options, !this.#isFrozen()];
    const parts = { gamma, beta, channels, running, renorm, options, trainable };
    const training = this.#training ?? kwargs?.training ?? false;
    return step(x, parts, training, this.#heedsMask ? kwargs?.mask : null);
  }

  /** Every option as it is now, the defaults included. */
  get options(): ResolvedOptions {
    return { ...this.#options, trainable: !this.#isFrozen() };
  }

  /**
   * How many training batches were kept out of the moving statistics for not being finite.
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_DISPOSED`.
   */
  async skippedBatches(): Promise<number> {
    this.#requireAlive();
    return readSkipped(this.#running);
  }

  /**
   * The layer as plain JSON. Policies, axis, `trainable` and `useBatchStatistics` are not part of it.
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_NOT_BUILT` before the layer knows its input.
   */
  async toState(): Promise<BatchNormState> {
    return readState(this.#device, this.#options);
  }

  /**
   * Takes a state over into this layer: its arrays, counts, epsilon, momentum, estimator and start.
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_STATE` when the state is malformed or does not fit,
   * `ERR_BATCHNORM_NOT_BUILT` before the layer knows its input; nothing is loaded then.
   */
  loadState(state: unknown): void {
    this.#options = writeState(this.#device, this.#options, state);
  }

  /**
   * Sets the weights, in the order of `weights`.
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` naming the weight that does not fit; nothing is set
   * then.
   */
  override setWeights(weights: Tensor[]): void {
    this.#requireAlive();
    requireWeights(this.name, this.weights, weights);
    super.setWeights(weights);
  }

  /** A plain average needs no count to go on, and without one the stock layer can load our files. */
  override get nonTrainableWeights(): LayerVariable[] {
    const all = super.nonTrainableWeights;
    // The stock constructor asks when there are no options yet.
    const saved = !(#options in this) || needsProgress(this.#options);
    return saved ? all : all.filter((weight) => weight !== this.#progress);
  }

  override set nonTrainableWeights(weights: LayerVariable[]) {
    super.nonTrainableWeights = weights;
  }

  /** What the stock layer would write, and what is not the default of the options that it lacks. */
  override getConfig(): serialization.ConfigDict {
    const { momentum, epsilon } = this.#options;
    return { ...super.getConfig(), momentum, epsilon, ...this.#ownConfig };
  }

  /** The stock layer's while files under that name are ours and it could stand for this one. */
  override getClassName(): string {
    // The stock constructor asks too, for a name, when there are no options yet.
    const plain = #options in this && this.#isPlain;
    return plain && isReplaced() ? Stock.className : super.getClassName();
  }

  /** Whether the stock layer could stand for this one, which it cannot for a class of somebody else's. */
  get #isPlain(): boolean {
    const { className } = this.constructor as typeof BatchNormLayer;
    const ours = className === BatchNormLayer.className;
    const options = this.#options.momentum !== "cumulative";
    return ours && options && Object.keys(this.#ownConfig).length === 0;
  }

  get #ownConfig(): serialization.ConfigDict {
    const { defaults: host } = this.constructor as typeof BatchNormLayer;
    return ownConfig(this.#options, host, this.#training, this.#heedsMask);
  }

  /** Frees the weights when nothing uses the layer any more; also of one that was never used. */
  override dispose(): ReturnType<StockLayer["dispose"]> {
    // The stock layer throws then.
    if (this._refCount !== null) return super.dispose();
    this._refCount = 0;
    const numDisposedVariables = this.disposeWeights();
    return { refCountAfterDispose: 0, numDisposedVariables };
  }

  protected override assertInputCompatibility(inputs: Parameters<StockLayer["apply"]>[0]): void {
    try {
      super.assertInputCompatibility(inputs);
    } catch (error) {
      throw new BatchNormError("ERR_BATCHNORM_SHAPE", (error as Error).message);
    }
  }

  protected override disposeWeights(): number {
    this.#disposed = true;
    const progress = this.#progress;
    if (progress && !this.weights.includes(progress)) progress.dispose();
    return super.disposeWeights();
  }

  #requireAlive(): void {
    if (this.#disposed) {
      refuse("ERR_BATCHNORM_DISPOSED", `${this.name} must not be disposed of`, "a disposed layer");
    }
  }

  get #device(): DeviceLayer {
    this.#requireAlive();
    if (!this.built) {
      const rule = `${this.name}: the layer must be built, by its first input or by build(shape)`;
      refuse("ERR_BATCHNORM_NOT_BUILT", rule, "none");
    }
    const [channels] = this.movingMean.shape as [number];
    const { gamma = null, beta = null } = this;
    return { channels, gamma, beta, running: this.#running, renorm: this.#renorm };
  }

  /** `model.trainable = false` reaches the weights only, so they are asked too. */
  #isFrozen(): boolean {
    const learned = [this.gamma, this.beta].filter((weight) => weight !== undefined);
    return !this.trainable || (learned.length > 0 && learned.every((weight) => !weight.trainable));
  }

  /** A weight that no optimizer trains, 0 at first. */
  #addKept(name: string, length: number): LayerVariable {
    return this.addWeight(name, [length], "float32", initializers.zeros(), undefined, false);
  }

  /** Under Keras's names, and as it starts them: by the moving statistics. */
  #addAverages(): Renorm {
    const add = (name: string, first: () => Tensor): LayerVariable => {
      const [channels] = this.movingMean.shape as [number];
      const made = this.#addKept(name, channels);
      tidy(() => void made.write(first()));
      return made;
    };
    const deviation = (): Tensor => sqrt(this.movingVariance.read());
    return {
      movingDeviation: add("moving_stddev", deviation),
      mean: add("renorm_mean", () => this.movingMean.read()),
      deviation: add("renorm_stddev", deviation),
    };
  }
}

/**
 * A Batch Normalization layer for tfjs-layers, to be put where `tf.layers.batchNormalization` stood.
 *
 * @param args - Defaults are Keras's: momentum 0.99 (of the old value), epsilon 1e-3, axis −1.
 * @throws {BatchNormError} as {@link BatchNormLayer}.
 */
export function batchNormalization(args?: BatchNormLayerArguments | null): BatchNormLayer {
  return new BatchNormLayer(args);
}

/** Lets `tf.loadLayersModel` find the layer in saved models. Call it once, before loading. */
export function registerBatchNorm(): void {
  serialization.registerClass(BatchNormLayer);
}

const needsProgress = ({ start, momentum }: ResolvedOptions): boolean =>
  momentum === "cumulative" || start !== "zero-one";

/** Whether files that name the stock layer load ours now. */
function isReplaced(): boolean {
  const [registered] = serialization.SerializationMap.getMap().classNameMap[Stock.className] ?? [];
  return registered?.prototype instanceof BatchNormLayer;
}
