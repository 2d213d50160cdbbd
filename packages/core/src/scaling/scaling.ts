import { type FloatArray, outputFor, requireFloats } from "../arrays.ts";
import { refuse } from "../errors.ts";
import { type Layout, sizeOf } from "../layout.ts";
import { walkOf } from "../walk.ts";
import { fitState } from "./fit.ts";
import { lineOf, type ScalingLine } from "./line.ts";
import { type OutsideRange, outsideRange } from "./outside-range.ts";
import {
  parseScalingState,
  requireKind,
  requireRange,
  type ScalingKind,
  type ScalingState,
} from "./state.ts";

/**
 * A scaling of inputs or targets that is fitted to data, channel by channel:
 *
 * - `"z-score"`: `y = (x − mean) / deviation`, with the biased deviation; Batch Normalization with
 *   fixed statistics and epsilon 0. It does not lie in [−1, 1].
 * - `"min-max"`: `y = low + (x − minimum) / (maximum − minimum) · (high − low)`; the ends exactly.
 * - `"decimal"`: `y = x / 10^j` with the smallest integer j, negative ones included, for which all
 *   |y| < 1.
 *
 * A channel that was constant when fitted gives 0, or `low` for min-max, for every finite x, and its
 * inverse gives the constant for every finite y; decimal needs no such rule, all zeros have j = 0.
 *
 * @see Han, Kamber & Pei 2012, "Data Mining: Concepts and Techniques", 3.5.2
 *
 * @example
 * const scaling = Scaling.fit("min-max", inputs, layoutOf([100, 4]), { range: [-1, 1] });
 * const { y, outside } = scaling.transform(newInputs, layoutOf([10, 4]));
 * if (outside.length > 0) console.warn("outside of what was fitted", outside);
 */
export class Scaling {
  readonly kind: ScalingKind;
  readonly channels: number;
  readonly #state: ScalingState;
  readonly #lines: readonly ScalingLine[];

  private constructor(state: ScalingState) {
    this.kind = state.kind;
    this.channels = state.channels;
    this.#state = state;
    this.#lines = state.minimum.map((_, c) => lineOf(state, c));
  }

  /**
   * @param x - Data, viewed as `layout` says; length outer · channels · inner.
   * @param options - `range`: what min-max brings the data to, default [0, 1].
   * @throws {BatchNormError} `ERR_BATCHNORM_TOO_FEW_VALUES` for no data; `ERR_BATCHNORM_NON_FINITE`
   * naming the channel and the sample; `ERR_BATCHNORM_OPTION`, `ERR_BATCHNORM_SHAPE`,
   * `ERR_BATCHNORM_DTYPE`.
   */
  static fit(
    kind: ScalingKind,
    x: FloatArray,
    layout: Layout,
    options: { readonly range?: readonly [low: number, high: number] | undefined } = {},
  ): Scaling {
    requireKind(kind);
    const unknown = Object.keys(options).find((key) => key !== "range" || kind !== "min-max");
    if (unknown !== undefined) {
      const rule = "an option must be range, of a min-max scaling";
      refuse("ERR_BATCHNORM_OPTION", rule, unknown);
    }
    const { range = [0, 1] } = options;
    requireRange(range);
    requireFloats("x", x, walkOf(layout).size);
    return new Scaling(fitState(kind, x, layout, range));
  }

  /**
   * Makes the scaling of a state, which computes the same to the last bit.
   *
   * @throws {BatchNormError} as {@link parseScalingState}.
   */
  static fromState(state: unknown): Scaling {
    return new Scaling(copyOf(parseScalingState(state)));
  }

  /** The scaling as plain JSON. */
  toState(): ScalingState {
    return copyOf(this.#state);
  }

  /**
   * Scales x, and tells which values lie outside of what was fitted. They are scaled like all others.
   *
   * @param out - Where y goes, x itself included; made when absent.
   * @returns y, of x's type, and `outside` with an entry per channel concerned, in their order: `[]`
   * when all values lie inside.
   * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`.
   */
  transform<T extends FloatArray>(
    x: T,
    layout: Layout,
    out?: T,
  ): { y: T; outside: readonly OutsideRange[] } {
    const y = this.#outputFor("x", x, layout, out);
    // Before x is overwritten.
    const outside = outsideRange(x, layout, this.#state);
    mapChannels(x, layout, y, (c) => (this.#lines[c] as ScalingLine).forward);
    return { y, outside };
  }

  /**
   * Brings scaled values back: `x` of `transform(x)`, up to rounding.
   *
   * @param out - Where x goes, y itself included; made when absent.
   * @returns x, of y's type.
   * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`.
   */
  inverse<T extends FloatArray>(y: T, layout: Layout, out?: T): T {
    const x = this.#outputFor("y", y, layout, out);
    mapChannels(y, layout, x, (c) => (this.#lines[c] as ScalingLine).inverse);
    return x;
  }

  #outputFor<T extends FloatArray>(name: string, from: T, layout: Layout, out?: T): T {
    if (layout.channels !== this.channels) {
      refuse("ERR_BATCHNORM_SHAPE", `layout must have ${this.channels} channels`, layout.channels);
    }
    requireFloats(name, from, sizeOf(layout));
    return outputFor("out", out, from, [from]);
  }
}

function mapChannels(
  from: FloatArray,
  layout: Layout,
  to: FloatArray,
  mapOf: (channel: number) => (value: number) => number,
): void {
  const { size, blockStride, channelStride, span, step } = walkOf(layout);
  for (let block = 0; block < size; block += blockStride) {
    for (let c = 0; c < layout.channels; c++) {
      const first = block + c * channelStride;
      const end = Math.min(first + span, size);
      const map = mapOf(c);
      for (let i = first; i < end; i += step) to[i] = map(from[i] as number);
    }
  }
}

const copyOf = (state: ScalingState): ScalingState => JSON.parse(JSON.stringify(state));
