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
import { defaults, requireSupported } from "./defaults.ts";
import { type DeviceLayer, readState, requireFloat32, writeState } from "./device-state.ts";
import { progressLength } from "./progress.ts";
import type { Running, Slot } from "./running.ts";
import { step } from "./step.ts";

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
  #options: ResolvedOptions;
  #trainable = true;

  /**
   * @param channels - Their number, ≥ 1.
   * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_OPTION`, `ERR_BATCHNORM_AXIS`.
   */
  constructor(channels: number, options: BatchNormOptions = {}) {
    requireChannels(channels);
    this.#options = resolveOptions(options, defaults);
    requireSupported(this.#options);
    const { scale, center, trackRunningStatistics, trainable } = this.#options;
    const make = (wanted: boolean, initial: () => Tensor, trains: boolean): Variable | null =>
      wanted ? tidy(() => variable(initial(), trains)) : null;
    this.channels = channels;
    this.gamma = make(scale, () => ones([channels]), true);
    this.beta = make(center, () => zeros([channels]), true);
    this.runningMean = make(trackRunningStatistics, () => zeros([channels]), false);
    this.runningVariance = make(trackRunningStatistics, () => ones([channels]), false);
    this.#progress = make(trackRunningStatistics, () => zeros([progressLength]), false);
    this.#running = runningOf(this.runningMean, this.runningVariance, this.#progress);
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
   * policies say; `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_AXIS`, `ERR_BATCHNORM_DTYPE`;
   * `ERR_BATCHNORM_OPTION` for training with epsilon 0. The layer is as before then.
   */
  apply<T extends Tensor>(x: T, { training = false }: { training?: boolean } = {}): T {
    const { gamma, beta, channels } = this;
    const [options, running, trainable] = [this.#options, this.#running, this.#trainable];
    return step(x, { gamma, beta, channels, running, options, trainable }, training) as T;
  }

  /** How many training batches were kept out of the running statistics for not being finite. */
  async skippedBatches(): Promise<number> {
    return this.#progress ? ((await this.#progress.data())[2] as number) : 0;
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
    const { gamma, beta, runningMean, runningVariance } = this;
    for (const weight of [gamma, beta, runningMean, runningVariance, this.#progress]) {
      // TF.js would count one owner less of data that another tensor may share.
      if (!weight?.isDisposed) weight?.dispose();
    }
  }

  get #device(): DeviceLayer {
    const slot = (weight: Variable | null): Slot | null => weight && slotOf(weight);
    const { channels, gamma, beta } = this;
    return { channels, gamma: slot(gamma), beta: slot(beta), running: this.#running };
  }
}

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
