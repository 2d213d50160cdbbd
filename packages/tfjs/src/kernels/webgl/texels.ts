import type { Layout } from "@batchnorm/core";

/**
 * Which channels the four values of a texel belong to. A packed texture holds 2 × 2 values in each,
 * of two neighbouring rows and columns of the last two axes:
 * - `columns`: the channels are the columns, two in a texel (channels last);
 * - `rows`: the channels are the rows, two in a texel (channels next to last);
 * - `whole`: rows and columns lie within one channel (channels first, with height and width).
 */
export type Lanes = "columns" | "rows" | "whole";

/**
 * How a packed texture holds x: its texels are themselves a `[outer, units, inner]` one after another,
 * where a unit is one channel, or the two that share texels.
 */
export interface Texels {
  readonly lanes: Lanes;
  /** Three axes with x's own last two: the packed texture of x serves it as it is. */
  readonly shape: [number, number, number];
  readonly units: number;
  /** Texels of one unit that follow each other. */
  readonly inner: number;
  /** Texels of one unit, all in all. */
  readonly steps: number;
  /** Texels in a row of x, and rows of texels between two places on the axes before. */
  readonly columns: number;
  readonly rows: number;
  /** Whether a last row, or column, has texels that are half empty, with anything in them. */
  readonly oddRows: boolean;
  readonly oddColumns: boolean;
  /** Texels that hold one value per channel, two in each. */
  readonly pairs: number;
  readonly channels: number;
  /** Values per channel, m. */
  readonly count: number;
}

/** Finds the texels of an x of any shape around its channels. */
export function texelsOf(shape: readonly number[], layout: Layout): Texels {
  const { outer, channels, inner } = layout;
  const size = outer * channels * inner;
  let [height, width] = [shape.at(-2) ?? 1, shape.at(-1) ?? 1];
  let lanes: Lanes = "whole";
  if (inner === 1 && width === channels) lanes = "columns";
  else if (height === channels && width === inner) lanes = "rows";
  else if (inner % (height * width) !== 0) {
    // Not x's own axes: the backend repacks it.
    [lanes, height, width] = ["rows", channels, inner];
  }
  const batch = size / (height * width);
  const [rows, columns] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const all = batch * rows * columns;
  const pairs = Math.ceil(channels / 2);
  const units = lanes === "whole" ? channels : pairs;
  const steps = all / units;
  return {
    lanes,
    shape: [batch, height, width],
    units,
    inner: lanes === "whole" ? steps / outer : lanes === "rows" ? columns : 1,
    steps,
    columns,
    rows,
    oddRows: height % 2 === 1,
    oddColumns: width % 2 === 1,
    pairs,
    channels,
    count: outer * inner,
  };
}
