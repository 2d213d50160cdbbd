import { type Layout, requireLayout, sizeOf } from "./layout.ts";

/**
 * How to visit a tensor so that one channel's values come in runs:
 *
 *     for (let block = 0; block < size; block += blockStride)
 *       for (let c = 0; c < channels; c++) {
 *         const first = block + c * channelStride;
 *         for (let i = first; i < Math.min(first + span, size); i += step) …
 *
 * A run is what a channel's accumulators stay in registers for: `inner` neighbours where channels
 * come first, a column of some rows where they come last. Whole rows, or whole columns, would take
 * up to five times as long there.
 */
export interface Walk {
  readonly size: number;
  readonly blockStride: number;
  readonly channelStride: number;
  readonly span: number;
  readonly step: number;
}

/** Rows of a block, so that it stays in a 32 kB cache: measured best at 64, and at 8 for 2,048 channels. */
const mostRows = 64;
const fewestRows = 8;
const valuesPerBlock = 4096;

/** @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` for a layout that `layoutOf` would not make. */
export function walkOf(layout: Layout): Walk {
  requireLayout(layout);
  const { channels, inner } = layout;
  const size = sizeOf(layout);
  if (inner !== 1) {
    return { size, blockStride: channels * inner, channelStride: inner, span: inner, step: 1 };
  }
  const fitting = Math.floor(valuesPerBlock / channels);
  const blockStride = channels * Math.max(fewestRows, Math.min(mostRows, fitting));
  return { size, blockStride, channelStride: 1, span: blockStride, step: channels };
}
