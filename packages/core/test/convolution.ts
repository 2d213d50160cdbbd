import { normals } from "./random.ts";

/** An image without a batch: values `[channels, …size]`, row-major. */
export interface Image {
  readonly values: Float64Array;
  readonly channels: number;
  readonly size: readonly number[];
}

/** What each weight of a flat array does: it leads from an input channel to an output channel. */
export interface Tap {
  readonly o: number;
  readonly i: number;
  /** Where in the kernel it sits. */
  readonly at: readonly number[];
}

/** How the kernel moves; the same along every dimension. */
export interface Motion {
  readonly stride: number;
  readonly dilation: number;
  readonly padding: number;
}

/** All positions of a grid, in row-major order. */
export function positions(size: readonly number[]): number[][] {
  return size.reduce<number[][]>(
    (found, length) =>
      found.flatMap((start) => Array.from({ length }, (_, index) => [...start, index])),
    [[]],
  );
}

export function imageOf(seed: string, channels: number, size: readonly number[]): Image {
  const length = size.reduce((a, b) => a * b, channels);
  return { values: normals(seed, length, 1, 2), channels, size };
}

/** By the definition: every weight times every value that it meets; transposed, it is scattered. */
export function convolve(
  taps: readonly Tap[],
  weights: ArrayLike<number>,
  bias: ArrayLike<number> | null,
  x: Image,
  { stride, dilation, padding, transposed }: Motion & { transposed: boolean },
): Image {
  const channels = 1 + Math.max(...taps.map(({ o }) => o));
  const kernel = x.size.map((_, d) => 1 + Math.max(...taps.map(({ at }) => at[d] as number)));
  const size = x.size.map((length, d) => {
    const reach = dilation * ((kernel[d] as number) - 1) + 1;
    return transposed
      ? (length - 1) * stride + reach - 2 * padding
      : Math.floor((length + 2 * padding - reach) / stride) + 1;
  });
  const grid = positions(size);
  const y = new Float64Array(channels * grid.length);
  for (const index of y.keys()) y[index] = bias?.[Math.floor(index / grid.length)] ?? 0;
  const near = transposed ? positions(x.size) : grid;
  for (const [w, { o, i, at }] of taps.entries()) {
    for (const place of near) {
      const far = place.map((p, d) => p * stride + (at[d] as number) * dilation - padding);
      const [to, from] = transposed ? [far, place] : [place, far];
      const [target, source] = [offset(size, o, to), offset(x.size, i, from)];
      if (target === null || source === null) continue;
      y[target] = (y[target] as number) + (weights[w] as number) * (x.values[source] as number);
    }
  }
  return { values: y, channels, size };
}

/** Where a position lies in `[channels, …size]`; null outside, where the zeros of a padding are. */
function offset(size: readonly number[], channel: number, place: readonly number[]): number | null {
  const outside = place.some((p, d) => p < 0 || p >= (size[d] as number));
  return outside ? null : place.reduce((sum, p, d) => sum * (size[d] as number) + p, channel);
}
