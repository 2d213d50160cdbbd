import type { ScalingState } from "./state.ts";

/** The straight line by which one channel is scaled, and back. */
export interface ScalingLine {
  readonly forward: (x: number) => number;
  readonly inverse: (y: number) => number;
}

/** The line of channel `c`. */
export function lineOf(state: ScalingState, c: number): ScalingLine {
  const minimum = state.minimum[c] as number;
  const maximum = state.maximum[c] as number;
  if (state.kind === "decimal") return decimalLine(state.exponent[c] as number);
  if (minimum === maximum) {
    return constantLine(minimum, state.kind === "min-max" ? state.range[0] : 0);
  }
  if (state.kind === "min-max") return minMaxLine(minimum, maximum, ...state.range);
  const { mean, meanLow, deviation } = state;
  return zScoreLine(mean[c] as number, meanLow[c] as number, deviation[c] as number);
}

/** `y = x / 10^exponent`. Powers beyond float64's 1e308 are taken in two steps. */
export function decimalLine(exponent: number): ScalingLine {
  const size = Math.abs(exponent);
  const first = powerOfTen(Math.min(size, 308));
  const rest = powerOfTen(size - Math.min(size, 308));
  // A negative power is no float64, so its reciprocal multiplies.
  const shrink = (value: number): number => value / rest / first;
  const grow = (value: number): number => value * first * rest;
  return exponent > 0 ? { forward: shrink, inverse: grow } : { forward: grow, inverse: shrink };
}

/** The literal is the nearest float64; `10 ** n` may be a neighbour of it. */
const powerOfTen = (exponent: number): number => Number(`1e${exponent}`);

/** Every finite x gives `level`, which stands for the one value there was. */
function constantLine(constant: number, level: number): ScalingLine {
  const flat = (from: number, to: number): number => (Number.isFinite(from) ? to : Number.NaN);
  return { forward: (x) => flat(x, level), inverse: (y) => flat(y, constant) };
}

/** `y = ((x − mean) − meanLow) / deviation`. */
function zScoreLine(mean: number, meanLow: number, deviation: number): ScalingLine {
  const unit = unitFor(mean);
  const [center, low, spread] = [mean * unit, meanLow * unit, deviation * unit];
  return {
    forward: (x) => (x * unit - center - low) / spread,
    inverse: (y) => (center + (y * spread + low)) / unit,
  };
}

/** `t = (x − minimum) / (maximum − minimum)`, `y = low + t · (high − low)`. */
function minMaxLine(minimum: number, maximum: number, low: number, high: number): ScalingLine {
  const unit = unitFor(Math.max(Math.abs(minimum), Math.abs(maximum)));
  const [start, end] = [minimum * unit, maximum * unit];
  return {
    forward: (x) => between(low, high, (x * unit - start) / (end - start)),
    inverse: (y) => between(start, end, (y - low) / (high - low)) / unit,
  };
}

/** From the nearer end, so that t = 0 and t = 1 give the ends exactly and no t in [0, 1] leaves them. */
const between = (start: number, end: number, t: number): number =>
  t < 0.5 ? start + t * (end - start) : end - (1 - t) * (end - start);

/** Below 2^969, less than half a last place of the largest float64, a difference to it cannot overflow. */
const unitFor = (size: number): number => (Math.abs(size) < 2 ** 969 ? 1 : 0.5);
