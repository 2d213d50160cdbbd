import { refuse } from "./errors.ts";

/**
 * Any tensor as Batch Normalization sees it: `[outer, channels, inner]` around its channel axis,
 * row-major. Dense `[N, C]` is `[N, C, 1]`, channels-last images are `[N·H·W, C, 1]`,
 * channels-first images `[N, C, H·W]`.
 */
export interface Layout {
  readonly outer: number;
  readonly channels: number;
  readonly inner: number;
}

/**
 * Views a shape around its channel axis.
 *
 * @param shape - Sizes, at least two of them; a size of 0 makes an empty batch.
 * @param axis - Where the channels are; negative counts from the end. Default −1.
 * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` for a rank below 2, a bad size or no channel;
 * `ERR_BATCHNORM_AXIS` for an axis outside [−rank, rank).
 */
export function layoutOf(shape: readonly number[], axis = -1): Layout {
  if (!Array.isArray(shape) || shape.length < 2) {
    refuse("ERR_BATCHNORM_SHAPE", "shape must have a batch and a channel axis (rank ≥ 2)", shape);
  }
  // Array.from, because every() passes over holes.
  if (!Array.from(shape).every((size) => Number.isSafeInteger(size) && size >= 0)) {
    refuse("ERR_BATCHNORM_SHAPE", "shape must hold integers ≥ 0", shape);
  }
  const at = resolveAxis(axis, shape.length);
  const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);
  const channels = shape[at] as number;
  if (channels === 0) {
    refuse("ERR_BATCHNORM_SHAPE", `shape must have a channel or more on axis ${at}`, shape);
  }
  if (!Number.isSafeInteger(product(shape))) {
    refuse("ERR_BATCHNORM_SHAPE", "shape must hold fewer than 2^53 values", shape);
  }
  return { outer: product(shape.slice(0, at)), channels, inner: product(shape.slice(at + 1)) };
}

/**
 * The channel axis, counted from the start.
 *
 * @param name - What an error calls it.
 * @throws {BatchNormError} `ERR_BATCHNORM_AXIS` when it is no integer in [−rank, rank).
 */
export function resolveAxis(axis: number, rank: number, name = "axis"): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    refuse("ERR_BATCHNORM_AXIS", `${name} must be an integer in [${-rank}, ${rank - 1}]`, axis);
  }
  return axis < 0 ? axis + rank : axis;
}

/**
 * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` when the number of channels is no integer ≥ 1.
 */
export function requireChannels(channels: number): void {
  if (!Number.isSafeInteger(channels) || channels < 1) {
    refuse("ERR_BATCHNORM_SHAPE", "channels must be an integer ≥ 1", channels);
  }
}

/** @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` for a layout that `layoutOf` would not make. */
export function requireLayout({ outer, channels, inner }: Layout): void {
  requireChannels(channels);
  if (!Number.isSafeInteger(outer) || !Number.isSafeInteger(inner) || outer < 0 || inner < 0) {
    refuse("ERR_BATCHNORM_SHAPE", "outer and inner must be integers ≥ 0", [outer, inner]);
  }
}

/** m, the number of values that each channel's statistics are taken over: outer · inner. */
export function valuesPerChannel(layout: Layout): number {
  return layout.outer * layout.inner;
}

/** The number of values in the whole tensor: outer · channels · inner. */
export function sizeOf(layout: Layout): number {
  return layout.outer * layout.channels * layout.inner;
}

/** Where a channel's value at a position lies; positions count 0 to m − 1 through outer and inner. */
export function indexAt({ channels, inner }: Layout, position: number, channel: number): number {
  return (Math.floor(position / inner) * channels + channel) * inner + (position % inner);
}
