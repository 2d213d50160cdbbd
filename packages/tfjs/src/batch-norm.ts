import {
  type BatchNormOptions,
  type BatchNormState,
  parseState,
  type ResolvedOptions,
  requireChannels,
  resolveForState,
  resolveOptions,
} from "@batchnorm/core";
import { ones, type Tensor, tidy, type Variable, variable, zeros } from "@tensorflow/tfjs-core";
import { defaults, requireEpsilon } from "./defaults.ts";
import { type DeviceLayer, readState, requireFloat32, writeState } from "./device-state.ts";
import type { Renorm } from "./enter.ts";
import { progressLength, readProgress } from "./progress.ts";
import type { Running, Slot } from "./running.ts";
import { step } from "./step.ts";
import { requireAlive } from "./view.ts";

/** How a pass is to be done. */
export interface ApplyOptions {
  /** Default false: inference. */
  readonly training?: boolean | undefined;
  /**
   * Which positions count in the batch's statistics, a 0 or 1 for each; all are normalized. x's shape
   * without the channel axis, or with 1 on it. Default all.
   */
  readonly mask?: Tensor | null | undefined;
}

/**
 * A Batch Normalization layer for those who have tfjs-core alone. Its defaults are Keras's.
 *
 * @example
 * const layer = new BatchNorm(64, { momentum: 0.9 });
 * const y = layer.apply(x, { training: true });
 * optimizer.minimize(loss, false, [...layer.trainableWeights, ...others]);
 */
export class BatchNorm {
  readonly channels: number;
  /** Scale, 1 at first; null with `scale: false`. */
  readonly gamma: Variable | null;
  /** Shift, 0 at first; null with `center: false`. */
  readonly beta: Variable | null;
  /** Null, like the variance, with `trackRunningStatistics: false`. */
  readonly runningMean: Variable | null;
  readonly runningVariance: Variable | null;
  /** See `progress.ts`; null like the two. */
  readonly #progress: Variable | null;
  readonly #running: Running | null;
  readonly #averages: Averages | null;
  #options: ResolvedOptions;
  #trainable = true;

  /**
   * @param channels - Their number, ≥ 1.
   * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_OPTION`, `ERR_BATCHNORM_AXIS`.
   */
  constructor(channels: number, options: BatchNormOptions = {}) {
    requireChannels(channels);
    this.#options = resolveOptions(options, defaults);
    requireEpsilon(this.#options.epsilon);
    const { scale, center, trackRunningStatistics, trainable, renorm } = this.#options;
    const make = (initial: () => Tensor, trains = false): Variable =>
      tidy(() => variable(initial(), trains));
    this.channels = channels;
    this.gamma = scale ? make(() => ones([channels]), true) : null;
    this.beta = center ? make(() => zeros([channels]), true) : null;
    this.runningMean = trackRunningStatistics ? make(() => zeros([channels])) : null;
    this.runningVariance = trackRunningStatistics ? make(() => ones([channels])) : null;
    this.#progress = trackRunningStatistics ? make(() => zeros([progressLength])) : null;
    this.#running = runningOf(this.runningMean, this.runningVariance, this.#progress);
    this.#averages = renorm && {
      mean: make(() => zeros([channels])),
      deviation: make(() => ones([channels])),
      movingDeviation: make(() => ones([channels])),
    };
    this.trainable = trainable;
  }

  /** Every option as it is now, the defaults included. */
  get options(): ResolvedOptions {
    return { ...this.#options, trainable: this.#trainable };
  }

  /** False freezes the layer: it then runs as at inference, and optimizers pass gamma and beta by. */
  get trainable(): boolean {
    return this.#trainable;
  }

  set trainable(value: boolean) {
    this.#trainable = value;
    if (this.gamma) this.gamma.trainable = value;
    if (this.beta) this.beta.trainable = value;
  }

  /** What an optimizer steps: gamma and beta, where there are any and the layer is not frozen. */
  get trainableWeights(): Variable[] {
    const both = [this.gamma, this.beta];
    return both.filter((weight): weight is Variable => weight?.trainable === true);
  }

  /**
   * Normalizes by the batch and lets it enter the running statistics when training; normalizes by
   * the running statistics otherwise, and when frozen.
   *
   * @param x - Any rank ≥ 2, with the layer's number of channels on its axis.
   * @returns y, float32, of x's shape.
   * @throws {BatchNormError} `ERR_BATCHNORM_TOO_FEW_VALUES` and `ERR_BATCHNORM_NON_FINITE` as the
   * policies say; `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_AXIS`, `ERR_BATCHNORM_DTYPE`,
   * `ERR_BATCHNORM_MASK`, `ERR_BATCHNORM_DISPOSED`; `ERR_BATCHNORM_OPTION` for training with epsilon 0.
   * The layer is as before then.
   */
  apply<T extends Tensor>(x: T, { training = false, mask }: ApplyOptions = {}): T {
    const parts = { ...this.#device, options: this.#options, trainable: this.#trainable };
    const { gamma, beta } = this;
    return step(x, { ...parts, gamma, beta }, training, mask) as T;
  }

  /**
   * How many training batches were kept out of the running statistics for not being finite.
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_DISPOSED`.
   */
  async skippedBatches(): Promise<number> {
    const { running } = this.#device;
    return running ? readProgress(await running.progress.read().data()).skipped : 0;
  }

  /** The layer as plain JSON. Policies, axis, `trainable` and `useBatchStatistics` are not part of it. */
  async toState(): Promise<BatchNormState> {
    return readState(this.#device, this.#options);
  }

  /**
   * Makes a layer of a state, as float32 as the device is.
   *
   * @param options - What a state does not hold; a name, momentum or epsilon given here wins over it.
   * @throws {BatchNormError} `ERR_BATCHNORM_STATE` for a malformed state, or options that would make its
   * numbers mean something else; `ERR_BATCHNORM_OPTION`.
   */
  static fromState(state: unknown, options: BatchNormOptions = {}): BatchNorm {
    const parsed = parseState(state);
    requireFloat32(parsed);
    const resolved = resolveForState(parsed, options, defaults);
    const layer = new BatchNorm(parsed.channels, resolved);
    layer.loadState(parsed);
    layer.#options = resolved;
    return layer;
  }

  /**
   * Takes a state over into this layer: its arrays, counts, epsilon, momentum, estimator and start.
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_STATE` when the state is malformed or does not fit; nothing
   * is loaded then.
   */
  loadState(state: unknown): void {
    this.#options = writeState(this.#device, this.#options, state);
  }

  /** Frees every tensor of the layer; a second time it does nothing. */
  dispose(): void {
    for (const weight of this.#variables) {
      // TF.js would count one owner less of data that another tensor may share.
      if (!weight?.isDisposed) weight?.dispose();
    }
  }

  /** Gamma first and beta next: null where there is none. */
  get #variables(): (Variable | null)[] {
    const { gamma, beta, runningMean, runningVariance } = this;
    const averages = this.#averages ? Object.values<Variable>(this.#averages) : [];
    return [gamma, beta, runningMean, runningVariance, this.#progress, ...averages];
  }

  /** @throws {BatchNormError} `ERR_BATCHNORM_DISPOSED` after `dispose`. */
  get #device(): DeviceLayer {
    for (const weight of this.#variables) requireAlive(`${this.#options.name}'s weights`, weight);
    const slot = (weight: Variable | null): Slot | null => weight && slotOf(weight);
    const { channels, gamma, beta } = this;
    const averages = this.#averages;
    const renorm = averages && {
      mean: slotOf(averages.mean),
      deviation: slotOf(averages.deviation),
      movingDeviation: slotOf(averages.movingDeviation),
    };
    return { channels, gamma: slot(gamma), beta: slot(beta), running: this.#running, renorm };
  }
}

/** Of Batch Renormalization. */
type Averages = { readonly [key in keyof Renorm]: Variable };

function runningOf(
  mean: Variable | null,
  variance: Variable | null,
  progress: Variable | null,
): Running | null {
  if (!mean || !variance || !progress) return null;
  return {
    mean: slotOf(mean),
    variance: slotOf(variance),
    progress: slotOf(progress),
    valuesPerChannel: undefined,
  };
}

const slotOf = (variable: Variable): Slot => ({
  read: () => variable,
  write: (value) => variable.assign(value),
});
