import type { FloatArray } from "../arrays.ts";
import { refuse } from "../errors.ts";
import { type Layout, valuesPerChannel } from "../layout.ts";
import { computeMoments, varianceOf } from "../moments.ts";
import { decimalLine } from "./line.ts";
import type { ScalingKind, ScalingState } from "./state.ts";

/** The state of a scaling of that kind, fitted to x. */
export function fitState(
  kind: ScalingKind,
  x: FloatArray,
  layout: Layout,
  range: readonly [number, number],
): ScalingState {
  const { channels } = layout;
  const { minimum, maximum } = rangeOf(x, layout);
  const fitted = { version: 1, channels, minimum, maximum } as const;
  if (kind === "min-max") return { ...fitted, kind, range: [range[0], range[1]] };
  const size = minimum.map((value, c) => Math.max(-value, maximum[c] as number));
  if (kind === "z-score") return { ...fitted, kind, ...centerOf(x, layout, fitted, size) };
  const stored = (y: number): number => (x.BYTES_PER_ELEMENT === 4 ? Math.fround(y) : y);
  return { ...fitted, kind, exponent: size.map((value) => exponentOf(value, stored)) };
}

/** The smallest and the largest value of every channel. */
function rangeOf(x: FloatArray, layout: Layout): { minimum: number[]; maximum: number[] } {
  const { outer, channels, inner } = layout;
  if (valuesPerChannel(layout) === 0) {
    const rule = "x must hold a value or more per channel to fit a scaling";
    refuse("ERR_BATCHNORM_TOO_FEW_VALUES", rule, 0);
  }
  const minimum = new Array<number>(channels).fill(Number.POSITIVE_INFINITY);
  const maximum = new Array<number>(channels).fill(Number.NEGATIVE_INFINITY);
  let i = 0;
  for (let sample = 0; sample < outer; sample++) {
    for (let c = 0; c < channels; c++) {
      for (const end = i + inner; i < end; i++) {
        const value = x[i] as number;
        if (!Number.isFinite(value)) {
          const rule = `channel ${c} of sample ${sample} must be finite to fit a scaling`;
          refuse("ERR_BATCHNORM_NON_FINITE", rule, value);
        }
        // + 0, because JSON does not keep the sign of −0.
        if (value < (minimum[c] as number)) minimum[c] = value + 0;
        if (value > (maximum[c] as number)) maximum[c] = value + 0;
      }
    }
  }
  return { minimum, maximum };
}

/**
 * Mean and deviation of every channel, from moments of `x / 2^k` that brings a channel to about 1.
 *
 * Squares of differences beyond 1e154 overflow and those below 1e-162 vanish; powers of two change
 * nothing else. So x is copied only where the moments as they are show one of the two.
 */
function centerOf(
  x: FloatArray,
  layout: Layout,
  { minimum, maximum }: { minimum: readonly number[]; maximum: readonly number[] },
  size: readonly number[],
): { mean: number[]; meanLow: number[]; deviation: number[] } {
  const constant = minimum.map((value, c) => value === maximum[c]);
  let moments = computeMoments(x, layout);
  // 2^-900 keeps every square that counts 120 bits away from the smallest float64.
  const lost = moments.m2.some((m2, c) => !constant[c] && !(m2 > 2 ** -900 && m2 < Infinity));
  const factor = size.map((value) => {
    // Of what lies beyond, a power or its reciprocal is no float64; log2 rounds up to 1024 itself.
    const exponent = Math.min(Math.max(-1022, Math.floor(Math.log2(value))), 1023);
    return lost ? 2 ** exponent : 1;
  });
  if (lost) {
    const { channels, inner } = layout;
    const scaled = Float64Array.from(x, (value, i) => {
      return value / (factor[Math.floor(i / inner) % channels] as number);
    });
    moments = computeMoments(scaled, layout);
  }
  const variance = varianceOf(moments, "biased");
  // Rounding must neither make a deviation infinite nor, of values 5e-324 apart, 0.
  const deviation = Array.from(variance, (value, c) => {
    const spread = Math.sqrt(value) * (factor[c] as number);
    return constant[c] ? 0 : Math.min(Math.max(spread, Number.MIN_VALUE), Number.MAX_VALUE);
  });
  const back = (value: number, c: number): number => value * (factor[c] as number) + 0;
  return {
    mean: Array.from(moments.mean, back),
    meanLow: Array.from(moments.meanLow, back),
    deviation,
  };
}

/**
 * The smallest power of ten that brings `size` below 1 as it is computed and stored: 9.9999998e10 in
 * float32 is below 10^11, but the quotient rounds to 1.
 */
function exponentOf(size: number, stored: (y: number) => number): number {
  if (size === 0) return 0;
  // Of the digits, because Math.log10 may round up to the next power.
  const above = Number(size.toExponential().split("e")[1]) + 1;
  return stored(decimalLine(above).forward(size)) < 1 ? above : above + 1;
}
