import {
  type BatchNormOptions,
  type BatchNormState,
  defaultOptions,
  type ResolvedOptions,
  refuse,
  resolveAxis,
  resolveOptions,
} from "@batchnorm/core";
import {
  serialization,
  type Tensor,
  tidy,
  type Variable,
  variable,
  zeros,
} from "@tensorflow/tfjs-core";
import { initializers, type Shape } from "@tensorflow/tfjs-layers";
import { defaults, requireSupported } from "../defaults.ts";
import { type DeviceLayer, readState, writeState } from "../device-state.ts";
import { progressLength } from "../progress.ts";
import type { Running, Slot } from "../running.ts";
import { step } from "../step.ts";
import { Stock, type StockArguments, stockArguments } from "./stock.ts";

/** Every option of `@batchnorm/core`, and every argument of the stock layer that it has none for. */
export type BatchNormLayerArguments = BatchNormOptions &
  Omit<StockArguments, keyof BatchNormOptions>;

/** Of Keras's arguments, those that are refused unless off. */
const unsupported = ["renorm", "synchronized", "virtualBatchSize"];

/**
 * Batch Normalization for tfjs-layers: any rank ≥ 2, any axis, scale and center off, frozen in
 * earnest. Weights, names and configuration are the stock layer's, and more where options need more.
 *
 * Make it by {@link batchNormalization}; call {@link registerBatchNorm} before loading a model.
 */
export class BatchNormLayer extends Stock {
  static override readonly className: string = "BatchNorm";
  #options: ResolvedOptions;
  #running: Running | null = null;
  /** Where the progress is kept when it is no weight of the layer. */
  #unsaved: Variable | null = null;

  /**
   * @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for an unknown argument or a value out of range,
   * `ERR_BATCHNORM_AXIS`, `ERR_BATCHNORM_UNSUPPORTED`.
   */
  constructor(args?: BatchNormLayerArguments | null) {
    const known = withOneAxis(requireKnown(args ?? {}));
    super(known);
    const ours = Object.entries(known).filter(([key]) => Object.hasOwn(defaultOptions, key));
    this.#options = resolveOptions({ ...Object.fromEntries(ours), name: this.name }, defaults);
    requireSupported(this.#options);
  }

  /**
   * Makes the weights, which tfjs-layers does once the input's shape is known.
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` for a rank below 2 or an unknown number of channels,
   * `ERR_BATCHNORM_AXIS` for an axis that the input does not have.
   */
  override build(inputShape: Shape | Shape[]): void {
    const shape = (Array.isArray(inputShape[0]) ? inputShape[0] : inputShape) as Shape;
    const { axis, name, start, momentum, trackRunningStatistics } = this.#options;
    if (shape.length < 2) {
      const rule = `${name}: its input must have a batch and a channel axis (rank ≥ 2)`;
      refuse("ERR_BATCHNORM_SHAPE", rule, shape);
    }
    if (shape[resolveAxis(axis, shape.length)] == null) {
      const rule = `${name}: its input must have a known number of channels on axis ${axis}`;
      refuse("ERR_BATCHNORM_SHAPE", rule, shape);
    }
    super.build(inputShape);
    if (!trackRunningStatistics) return;
    // A plain average needs no count to go on, and without one the stock layer can load our files.
    const saved = momentum === "cumulative" || start !== "zero-one";
    this.#running = {
      mean: this.movingMean,
      variance: this.movingVariance,
      progress: saved ? this.#addProgress() : this.#holdProgress(),
      valuesPerChannel: undefined,
    };
  }

  /** @throws {BatchNormError} as `BatchNorm.apply` does; `ERR_BATCHNORM_NOT_BUILT` before `build`. */
  override call(inputs: Tensor | Tensor[], kwargs?: { training?: boolean }): Tensor {
    const x = (Array.isArray(inputs) ? inputs[0] : inputs) as Tensor;
    const { channels, running, ...slots } = this.#device;
    const [gamma, beta] = [slots.gamma?.read() ?? null, slots.beta?.read() ?? null];
    const [options, trainable] = [this.#options, !this.#isFrozen()];
    const parts = { gamma, beta, channels, running, options, trainable };
    return step(x, parts, kwargs?.training ?? false);
  }

  /** How many training batches were kept out of the moving statistics for not being finite. */
  async skippedBatches(): Promise<number> {
    return this.#running ? ((await this.#running.progress.read().data())[2] as number) : 0;
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

  override getConfig(): serialization.ConfigDict {
    const { momentum, epsilon, varianceEstimator, start, onNonFinite, onSingleValue } =
      this.#options;
    const { trackRunningStatistics, useBatchStatistics } = this.#options;
    return {
      ...super.getConfig(),
      momentum,
      epsilon,
      varianceEstimator,
      start,
      onNonFinite,
      onSingleValue,
      trackRunningStatistics,
      useBatchStatistics,
    };
  }

  protected override disposeWeights(): number {
    this.#unsaved?.dispose();
    return super.disposeWeights();
  }

  get #device(): DeviceLayer {
    if (!this.built) {
      const rule = `${this.name}: the layer must be built, by its first input or by build(shape)`;
      refuse("ERR_BATCHNORM_NOT_BUILT", rule, "none");
    }
    const [channels] = this.movingMean.shape as [number];
    const { gamma = null, beta = null } = this;
    return { channels, gamma, beta, running: this.#running };
  }

  /** `model.trainable = false` reaches the weights only, so they are asked too. */
  #isFrozen(): boolean {
    const learned = [this.gamma, this.beta].filter((weight) => weight !== undefined);
    return !this.trainable || (learned.length > 0 && learned.every((weight) => !weight.trainable));
  }

  #addProgress(): Slot {
    const initializer = initializers.zeros();
    return this.addWeight(
      "moving_progress",
      [progressLength],
      "float32",
      initializer,
      undefined,
      false,
    );
  }

  #holdProgress(): Slot {
    const held = tidy(() => variable(zeros([progressLength]), false));
    this.#unsaved = held;
    return { read: () => held, write: (value) => held.assign(value) };
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

/** The arguments but for those that are off; refuses unknown ones, and what is not there yet. */
function requireKnown(args: BatchNormLayerArguments): BatchNormLayerArguments {
  // Loading a model adds customObjects to what was saved.
  const known = new Set([...stockArguments, ...Object.keys(defaultOptions), "customObjects"]);
  const kept = Object.entries(args).filter(([key]) => !unsupported.includes(key));
  for (const key of unsupported) {
    const value = (args as Record<string, unknown>)[key];
    if (value)
      refuse("ERR_BATCHNORM_UNSUPPORTED", `${key} must be off in TensorFlow.js, so far`, value);
  }
  for (const [key] of kept) {
    if (!known.has(key)) {
      refuse("ERR_BATCHNORM_OPTION", `an argument must be one of ${[...known].join(", ")}`, key);
    }
  }
  return Object.fromEntries(kept);
}

/** Keras writes an axis as a list of one. */
function withOneAxis(args: BatchNormLayerArguments): BatchNormLayerArguments {
  const axis: unknown = args.axis;
  return Array.isArray(axis) && axis.length === 1 ? { ...args, axis: axis[0] } : args;
}
