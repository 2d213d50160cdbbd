import { type FloatArray, outputFor, overlap, requireFloats } from "./arrays.ts";
import { refuse } from "./errors.ts";
import { backwardInference, backwardTraining, type Gradients } from "./gradient.ts";
import { type Layout, layoutOf, requireChannels, sizeOf, valuesPerChannel } from "./layout.ts";
import { computeMoments, type Moments } from "./moments.ts";
import { forwardByMoments, forwardInference } from "./normalize.ts";
import { type BatchNormOptions, type ResolvedOptions, resolveOptions } from "./options.ts";
import { planPass } from "./pass.ts";
import { createRunningStatistics, type RunningStatistics, updateRunning } from "./running.ts";
import {
  type BatchNormState,
  optionsOfState,
  parseState,
  parseStateFor,
  resolveForState,
} from "./state.ts";

/** What backward needs of the last forward. */
interface Forward {
  readonly x: FloatArray;
  readonly layout: Layout;
  /** The batch's, where it normalized; else the running statistics did. */
  readonly moments: Moments | null;
}

/**
 * A Batch Normalization layer over flat arrays: parameters, running statistics, forward, backward.
 *
 * It learns nothing by itself: step `gamma` and `beta`, in place, along the gradients of `backward`.
 *
 * @example
 * const layer = new BatchNorm(2);
 * const y = layer.forward(Float32Array.of(1, 10, 3, 30), [2, 2], { training: true });
 * const { dx, dgamma, dbeta } = layer.backward(dy);
 */
export class BatchNorm {
  readonly channels: number;
  /** Scale, one value per channel, 1 at first; null with `scale: false`. */
  readonly gamma: Float64Array | null;
  /** Shift, one value per channel, 0 at first; null with `center: false`. */
  readonly beta: Float64Array | null;
  /** Null with `trackRunningStatistics: false`. */
  readonly running: RunningStatistics | null;
  /** False freezes the layer: it then runs as at inference, whatever is asked. */
  trainable: boolean;
  #options: ResolvedOptions;
  #last: Forward | null = null;

  /**
   * @param channels - Their number, ≥ 1.
   * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_OPTION`, `ERR_BATCHNORM_AXIS`.
   */
  constructor(channels: number, options: BatchNormOptions = {}) {
    requireChannels(channels);
    this.#options = resolveOptions(options);
    const { scale, center, trackRunningStatistics, trainable } = this.#options;
    this.channels = channels;
    this.gamma = scale ? new Float64Array(channels).fill(1) : null;
    this.beta = center ? new Float64Array(channels) : null;
    this.running = trackRunningStatistics ? createRunningStatistics(channels) : null;
    this.trainable = trainable;
  }

  /** Every option as it is now, the defaults included. */
  get options(): ResolvedOptions {
    return { ...this.#options, trainable: this.trainable };
  }

  /**
   * Normalizes by the batch and lets it enter the running statistics when training; normalizes by
   * the running statistics otherwise, and when frozen.
   *
   * @param x - Activations, row-major. Keep them as they are until `backward`, which reads them.
   * @param shape - Their shape, rank ≥ 2, with the layer's number of channels on its axis.
   * @param out - Where y goes; not in x, which `backward` reads. Made when absent.
   * @returns y, of x's type.
   * @throws {BatchNormError} `ERR_BATCHNORM_TOO_FEW_VALUES` and `ERR_BATCHNORM_NON_FINITE` as the
   * policies say; `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_AXIS`, `ERR_BATCHNORM_DTYPE`;
   * `ERR_BATCHNORM_OPTION` for training with epsilon 0. The layer is as before then.
   */
  forward<T extends FloatArray>(
    x: T,
    shape: readonly number[],
    { training = false, out }: { training?: boolean | undefined; out?: T | undefined } = {},
  ): T {
    const { axis, name } = this.#options;
    const layout = layoutOf(shape, axis);
    if (layout.channels !== this.channels) {
      const rule = `${name}: shape must have ${this.channels} channels on axis ${axis}`;
      refuse("ERR_BATCHNORM_SHAPE", rule, shape);
    }
    requireFloats("x", x, sizeOf(layout));
    const y = outputFor("out", out, x, []);
    if (overlap(y, x)) {
      refuse("ERR_BATCHNORM_SHAPE", `${name}: out must not overlap x, which backward reads`, out);
    }
    const mode = { training, trainable: this.trainable };
    const { byBatch, updates } = planPass(this.#options, mode, valuesPerChannel(layout));
    const moments = byBatch ? computeMoments(x, layout) : null;
    if (updates && moments) updateRunning(this.#statistics, moments, this.#options);
    this.#last = { x, layout, moments };
    return moments
      ? forwardByMoments(x, layout, moments, this.#parameters, y)
      : forwardInference(x, layout, this.#statistics, this.#parameters, y);
  }

  /**
   * The gradients of the last `forward`, with gamma, beta and, where they normalized, the running
   * statistics as they are now.
   *
   * @param dy - The loss's gradient with respect to y.
   * @param out - Where the results go; each is made when absent. `dx` may be `dy`.
   * @returns dx, and dgamma and dbeta also where the layer has no gamma or beta, or is frozen.
   * @throws {BatchNormError} `ERR_BATCHNORM_NOT_BUILT` before any forward; `ERR_BATCHNORM_SHAPE`,
   * `ERR_BATCHNORM_DTYPE`.
   */
  backward<T extends FloatArray>(dy: T, out: Partial<Gradients<T>> = {}): Gradients<T> {
    if (!this.#last) {
      const rule = `${this.#options.name}: backward must follow a forward`;
      refuse("ERR_BATCHNORM_NOT_BUILT", rule, "none");
    }
    const { x, layout, moments } = this.#last;
    return moments
      ? backwardTraining(dy, x, layout, moments, this.#parameters, out)
      : backwardInference(dy, x, layout, this.#statistics, this.#parameters, out);
  }

  /** The layer as plain JSON. Policies, axis, `trainable` and `useBatchStatistics` are not part of it. */
  toState(): BatchNormState {
    const { name, epsilon, momentum, varianceEstimator, start } = this.#options;
    const plain = (values: Float64Array | undefined | null): number[] | null =>
      values ? Array.from(values) : null;
    return {
      version: 1,
      name,
      channels: this.channels,
      gamma: plain(this.gamma),
      beta: plain(this.beta),
      runningMean: plain(this.running?.mean),
      runningVariance: plain(this.running?.variance),
      epsilon,
      momentum,
      varianceEstimator,
      start,
      updates: this.running?.updates ?? 0,
      weight: this.running?.weight ?? 0,
      valuesPerChannel: this.running?.valuesPerChannel ?? null,
    };
  }

  /**
   * Makes a layer of a state, which goes on exactly where the saved one stopped.
   *
   * @param options - What a state does not hold; a name, momentum or epsilon given here wins over it.
   * @throws {BatchNormError} `ERR_BATCHNORM_STATE` for a malformed state, or options that would make its
   * numbers mean something else; `ERR_BATCHNORM_OPTION`.
   */
  static fromState(state: unknown, options: BatchNormOptions = {}): BatchNorm {
    const parsed = parseState(state);
    const layer = new BatchNorm(parsed.channels, resolveForState(parsed, options));
    layer.#restore(parsed);
    return layer;
  }

  /**
   * Takes a state over into this layer: its arrays, counts, epsilon, momentum, estimator and start.
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_STATE` when the state is malformed or does not fit; nothing
   * is loaded then.
   */
  loadState(state: unknown): void {
    const { channels, gamma, beta, running } = this;
    const { name } = this.#options;
    const parsed = parseStateFor({ name, channels, gamma, beta, running }, state);
    this.#options = { ...this.#options, ...optionsOfState(parsed), name };
    this.#restore(parsed);
  }

  /** The running statistics, in a pass that uses them and so has them. */
  get #statistics(): RunningStatistics {
    return this.running as RunningStatistics;
  }

  get #parameters(): { gamma: Float64Array | null; beta: Float64Array | null; epsilon: number } {
    return { gamma: this.gamma, beta: this.beta, epsilon: this.#options.epsilon };
  }

  #restore(state: BatchNormState): void {
    const { updates, weight, valuesPerChannel } = state;
    const copies = [
      [state.gamma, this.gamma],
      [state.beta, this.beta],
      [state.runningMean, this.running?.mean],
      [state.runningVariance, this.running?.variance],
    ] as const;
    for (const [from, to] of copies) {
      if (from && to) to.set(from);
    }
    if (this.running) Object.assign(this.running, { updates, weight, valuesPerChannel });
    this.#last = null;
  }
}
