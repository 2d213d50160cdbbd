// The formulas of the contract, one channel at a time and as plainly as they are written there, in
// float64. Neither fast nor exact at huge means: cases that ask for more bring their own numbers.
import type { FloatArray } from "@batchnorm/core";

/** One channel's numbers, by position. */
type Channel = readonly number[];

export interface ReferenceOptions {
  readonly axis?: number;
  readonly gamma?: ArrayLike<number> | null;
  readonly beta?: ArrayLike<number> | null;
  readonly epsilon: number;
  /** Fixed statistics; else the batch's own. */
  readonly statistics?: { mean: ArrayLike<number>; variance: ArrayLike<number> };
  /** A 0 or 1 for each position. */
  readonly mask?: ArrayLike<number>;
}

export interface ReferenceResult {
  readonly y: number[];
  /** Of the batch, biased, one value per channel. */
  readonly mean: number[];
  readonly variance: number[];
  /** Values per channel that count. */
  readonly m: number;
}

export interface ReferenceGradients {
  readonly dx: number[];
  readonly dgamma: number[];
  readonly dbeta: number[];
}

/** `y = gamma · (x − mean) / √(variance + epsilon) + beta` */
export function reference(
  x: ArrayLike<number>,
  shape: readonly number[],
  options: ReferenceOptions,
): ReferenceResult {
  return referenceWithGradients(x, new Float64Array(x.length), shape, options);
}

/** The same, and the gradients of Σ dy · y. */
export function referenceWithGradients(
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
  shape: readonly number[],
  options: ReferenceOptions,
): ReferenceResult & ReferenceGradients {
  const { axis = -1, epsilon, statistics, mask } = options;
  const { channels, split, join } = view(shape, axis);
  const results = split(x).map((values, c) => {
    const counted = values.filter((_, p) => mask === undefined || mask[p] === 1);
    const m = counted.length;
    const mean = average(counted);
    const variance = average(counted.map((value) => (value - mean) ** 2));
    const gamma = options.gamma?.[c] ?? 1;
    const beta = options.beta?.[c] ?? 0;
    const center = statistics?.mean[c] ?? mean;
    const r =
      m === 0 && !statistics ? 0 : 1 / Math.sqrt((statistics?.variance[c] ?? variance) + epsilon);
    const xHat = values.map((value) => (m === 0 && !statistics ? 0 : (value - center) * r));
    const dyOfChannel = split(dy)[c] as Channel;
    const dbeta = total(dyOfChannel);
    const dgamma = total(dyOfChannel.map((g, p) => g * (xHat[p] as number)));
    const dx = dyOfChannel.map((g, p) => {
      const counts = !statistics && (mask === undefined || mask[p] === 1);
      return gamma * r * (g - (counts ? (dbeta + (xHat[p] as number) * dgamma) / m : 0));
    });
    return { y: xHat.map((value) => gamma * value + beta), mean, variance, m, dx, dgamma, dbeta };
  });
  return {
    y: join(results.map(({ y }) => y)),
    dx: join(results.map(({ dx }) => dx)),
    mean: results.map(({ mean }) => mean),
    variance: results.map(({ variance }) => variance),
    dgamma: results.map(({ dgamma }) => dgamma),
    dbeta: results.map(({ dbeta }) => dbeta),
    m: channels === 0 ? 0 : (results[0]?.m ?? 0),
  };
}

/** Takes a tensor apart by channel, and puts it together again. */
function view(shape: readonly number[], axis: number) {
  const at = axis < 0 ? axis + shape.length : axis;
  const channels = shape[at] as number;
  const inner = shape.slice(at + 1).reduce((a, b) => a * b, 1);
  const size = shape.reduce((a, b) => a * b, 1);
  const channelOf = (i: number): number => Math.floor(i / inner) % channels;
  return {
    channels,
    split: (values: ArrayLike<number>): Channel[] => {
      const split: number[][] = Array.from({ length: channels }, () => []);
      for (let i = 0; i < size; i++) split[channelOf(i)]?.push(values[i] as number);
      return split;
    },
    join: (split: readonly Channel[]): number[] => {
      const taken = new Array<number>(channels).fill(0);
      return Array.from({ length: size }, (_, i) => {
        const c = channelOf(i);
        const position = taken[c] as number;
        taken[c] = position + 1;
        return split[c]?.[position] as number;
      });
    },
  };
}

const total = (values: Channel): number => values.reduce((a, b) => a + b, 0);
const average = (values: Channel): number =>
  values.length === 0 ? 0 : total(values) / values.length;

/** Central differences of a scalar function of some values. */
export function differences(values: FloatArray, loss: () => number, step = 1e-6): number[] {
  return Array.from(values, (value, i) => {
    values[i] = value + step;
    const above = loss();
    values[i] = value - step;
    const below = loss();
    values[i] = value;
    return (above - below) / (2 * step);
  });
}
