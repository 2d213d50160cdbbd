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
import {
  type DeviceLayer,
  readSkipped,
  readState,
  requireFloat32,
  writeState,
} from "./device-state.ts";
import { progressLength } from "./progress.ts";
import type { Slot } from "./running.ts";
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
  /** All that the layer owns. */
  readonly #weights: Variable[] = [];
  readonly #slots: DeviceLayer;
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
    const make = (initial: (shape: [number]) => Tensor, trains = false): Variable => {
      const made = tidy(() => variable(initial([channels]), trains));
      this.#weights.push(made);
      return made;
    };
    this.channels = channels;
    this.gamma = scale ? make(ones, true) : null;
    this.beta = center ? make(zeros, true) : null;
    this.runningMean = trackRunningStatistics ? make(zeros) : null;
    this.runningVariance = trackRunningStatistics ? make(ones) : null;
    this.#slots = {
      channels,
      gamma: this.gamma && slotOf(this.gamma),
      beta: this.beta && slotOf(this.beta),
      running: this.runningMean &&
        this.runningVariance && {
          mean: slotOf(this.runningMean),
          variance: slotOf(this.runningVariance),
          progress: slotOf(make(() => zeros([progressLength]))),
          valuesPerChannel: undefined,
        },
      renorm: renorm && {
        mean: slotOf(make(zeros)),
        deviation: slotOf(make(ones)),
        movingDeviation: slotOf(make(ones)),
      },
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
    return readSkipped(this.#device.running);
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
    for (const weight of this.#weights) {
      // TF.js would count one owner less of data that another tensor may share.
      if (!weight.isDisposed) weight.dispose();
    }
  }

  /** @throws {BatchNormError} `ERR_BATCHNORM_DISPOSED` after `dispose`. */
  get #device(): DeviceLayer {
    for (const weight of this.#weights) requireAlive(`${this.#options.name}'s weights`, weight);
    return this.#slots;
  }
}

const slotOf = (variable: Variable): Slot => ({
  read: () => variable,
  write: (value) => variable.assign(value),
});
