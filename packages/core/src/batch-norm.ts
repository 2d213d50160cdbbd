import { type FloatArray, outputFor, overlap, requireFloats } from "./arrays.ts";
import { enterBatches } from "./enter.ts";
import { refuse } from "./errors.ts";
import { virtualBatches } from "./ghost.ts";
import { finish, type Gradients, prepare } from "./gradient.ts";
import { type LayerArrays, restore, stateOf } from "./layer-state.ts";
import { type Layout, layoutOf, requireChannels, sizeOf, valuesPerChannel } from "./layout.ts";
import { type Mask, parseMask } from "./masks.ts";
import { type BatchNormOptions, type ResolvedOptions, resolveOptions } from "./options.ts";
import type { AffineParameters } from "./parameters.ts";
import { backwardPart, forwardPart, measurePart, type Part } from "./part.ts";
import { planPass } from "./pass.ts";
import { type Passes, passes } from "./passes.ts";
import { createRenormStatistics, type RenormStatistics } from "./renorm.ts";
import { createRunningStatistics, type RunningStatistics } from "./running.ts";
import {
  type BatchNormState,
  optionsOfState,
  parseState,
  parseStateFor,
  resolveForState,
} from "./state.ts";

/** How a forward pass is to be done. */
export interface ForwardOptions<T extends FloatArray = FloatArray> {
  /** Default false: inference. */
  readonly training?: boolean | undefined;
  /** Which positions count in the batch's statistics; all are normalized. Default all. */
  readonly mask?: Mask | undefined;
  /** Where y goes; not in x, which backward reads. Made when absent. */
  readonly out?: T | undefined;
}

/** What backward needs of the last forward. */
interface Forward {
  readonly x: FloatArray;
  readonly layout: Layout;
  /** The parts that were normalized by their own statistics; null where the running ones did. */
  readonly parts: readonly Part[] | null;
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
export class BatchNorm implements LayerArrays {
  readonly channels: number;
  /** Scale, one value per channel, 1 at first; null with `scale: false`. */
  readonly gamma: Float64Array | null;
  /** Shift, one value per channel, 0 at first; null with `center: false`. */
  readonly beta: Float64Array | null;
  /** Null with `trackRunningStatistics: false`. */
  readonly running: RunningStatistics | null;
  /** Null but with the option `renorm`. */
  readonly renorm: RenormStatistics | null;
  /** False freezes the layer: it then runs as at inference, whatever is asked. */
  trainable: boolean;
  /** What computes; a faster implementation overrides it. */
  protected readonly passes: Passes = passes;
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
    this.renorm = this.#options.renorm ? createRenormStatistics(channels) : null;
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
   * @param x - Activations, row-major. Keep them as they are until `backward`, which reads them; the
   * layer holds on to them until the next `forward`.
   * @param shape - Their shape, rank ≥ 2, with the layer's number of channels on its axis.
   * @returns y, of x's type.
   * @throws {BatchNormError} `ERR_BATCHNORM_TOO_FEW_VALUES` and `ERR_BATCHNORM_NON_FINITE` as the
   * policies say; `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_AXIS`, `ERR_BATCHNORM_DTYPE`,
   * `ERR_BATCHNORM_MASK`; `ERR_BATCHNORM_OPTION` for training with epsilon 0. The layer is as before
   * then.
   */
  forward<T extends FloatArray>(
    x: T,
    shape: readonly number[],
    { training = false, mask, out }: ForwardOptions<T> = {},
  ): T {
    const { axis, name, virtualBatchSize } = this.#options;
    const layout = layoutOf(shape, axis);
    if (layout.channels !== this.channels) {
      const rule = `${name}: shape must have ${this.channels} channels on axis ${axis}`;
      refuse("ERR_BATCHNORM_SHAPE", rule, shape);
    }
    requireFloats("x", x, sizeOf(layout));
    const weights = mask ? parseMask(mask, layout) : null;
    const y = outputFor("out", out, x, []);
    if (overlap(y, x)) {
      refuse("ERR_BATCHNORM_SHAPE", `${name}: out must not overlap x, which backward reads`, out);
    }
    const mode = { training, trainable: this.trainable };
    if (!planPass(this.#options, mode, valuesPerChannel(layout)).byBatch) {
      this.passes.forwardInference(x, layout, this.#statistics, this.#parameters, y);
      this.#last = { x, layout, parts: null };
      return y;
    }

    const whole = [{ start: 0, layout }];
    const cut = virtualBatchSize ? virtualBatches(shape, axis, virtualBatchSize) : whole;
    const measured = cut.map((at) => measurePart(this.passes, x, weights, at));
    const plans = measured.map(({ moments }) => planPass(this.#options, mode, moments.count));
    const parts = plans.some(({ updates }) => updates) ? this.#enter(measured) : measured;
    this.#last = { x, layout, parts };
    for (const part of parts) forwardPart(this.passes, part, this.#parameters, y);
    return y;
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
    const { x, layout, parts } = this.#last;
    if (!parts) {
      const statistics = this.#statistics;
      return this.passes.backwardInference(dy, x, layout, statistics, this.#parameters, out);
    }
    const gradients = prepare(dy, x, layout, this.#parameters, out);
    const sums = {
      dgamma: new Float64Array(this.channels),
      dbeta: new Float64Array(this.channels),
    };
    for (const part of parts) {
      const { dgamma, dbeta } = backwardPart(this.passes, part, this.#parameters, dy, gradients.dx);
      for (let c = 0; c < this.channels; c++) {
        sums.dgamma[c] = (sums.dgamma[c] as number) + (dgamma[c] as number);
        sums.dbeta[c] = (sums.dbeta[c] as number) + (dbeta[c] as number);
      }
    }
    return finish(gradients, sums);
  }

  /** The layer as plain JSON. Policies, axis, `trainable` and `useBatchStatistics` are not part of it. */
  toState(): BatchNormState {
    return stateOf(this, this.channels, this.#options);
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
    const layer = new this(parsed.channels, resolveForState(parsed, options));
    restore(layer, parsed);
    return layer;
  }

  /**
   * Takes a state over into this layer: its arrays, counts, epsilon, momentum, estimator and start.
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_STATE` when the state is malformed or does not fit; nothing
   * is loaded then.
   */
  loadState(state: unknown): void {
    const { channels, gamma, beta, running, renorm } = this;
    const { name } = this.#options;
    const parsed = parseStateFor({ name, channels, gamma, beta, running, renorm }, state);
    this.#options = { ...this.#options, ...optionsOfState(parsed), name };
    restore(this, parsed);
    this.#last = null;
  }

  #enter(parts: readonly Part[]): Part[] {
    const memory = { running: this.#statistics, renorm: this.renorm };
    const moments = parts.map((part) => part.moments);
    const corrections = enterBatches(memory, moments, this.#options);
    return parts.map((part, i) => ({ ...part, correction: corrections[i] ?? null }));
  }

  /** The running statistics, in a pass that uses them and so has them. */
  get #statistics(): RunningStatistics {
    return this.running as RunningStatistics;
  }

  get #parameters(): AffineParameters {
    return { gamma: this.gamma, beta: this.beta, epsilon: this.#options.epsilon };
  }
}
