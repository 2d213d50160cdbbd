import type { BatchPart } from "@batchnorm/core";
import { concat, slice, type Tensor, tensor } from "@tensorflow/tfjs-core";
import { sumMiddle, toShape, type View } from "./view.ts";

/**
 * Virtual batches of one size that follow each other, seen as `[groups, rows, channels, inner]`. A
 * batch is one block, or two where its last virtual batch has another size; without virtual batches
 * it is one group.
 */
export interface Block {
  /** Of the rows of the view, where it starts. */
  readonly start: number;
  readonly shape: readonly [groups: number, rows: number, channels: number, inner: number];
  /** Values per channel that count, of each group. */
  readonly counts: readonly number[];
  /** A 0 or 1 for each position of the groups; null where all count. */
  readonly weights: Uint8Array | null;
}

/**
 * Lays parts of a batch, which are in order, together in blocks.
 *
 * @param mask - A 0 or 1 for each position of the whole batch; null where all count.
 */
export function blocksOf(parts: readonly BatchPart[], mask: Uint8Array | null): Block[] {
  const runs: BatchPart[][] = [];
  for (const part of parts) {
    const run = runs.at(-1);
    if (run?.[0]?.layout.outer === part.layout.outer) run.push(part);
    else runs.push([part]);
  }
  return runs.map((run) => {
    const { start, layout } = run[0] as BatchPart;
    const { outer: rows, channels, inner } = layout;
    const m = rows * inner;
    const from = start / channels;
    const weights = mask?.subarray(from, from + run.length * m) ?? null;
    const counts = run.map((_, group) =>
      weights ? weights.subarray(group * m, (group + 1) * m).reduce((a, b) => a + b, 0) : m,
    );
    return { start: from / inner, shape: [run.length, rows, channels, inner], counts, weights };
  });
}

/** Its part of a tensor that has x's values. */
export function takeBlock(values: Tensor, { start, shape }: Block, { layout }: View): Tensor {
  const [groups, rows, channels, inner] = shape;
  const all = [layout.outer, channels, inner];
  const taken =
    groups * rows === layout.outer
      ? values
      : slice(toShape(values, all), [start, 0, 0], [groups * rows, channels, inner]);
  return toShape(taken, [...shape]);
}

/** Blocks put together again, in x's shape. */
export function joinBlocks(blocks: readonly Tensor[], shape: number[]): Tensor {
  const rows = blocks.map((block) => {
    const [groups, rows, channels, inner] = block.shape as [number, number, number, number];
    return toShape(block, [groups * rows, channels, inner]);
  });
  return toShape(rows.length > 1 ? concat(rows, 0) : (rows[0] as Tensor), shape);
}

/** The sum of each channel of each group, `[groups, 1, channels, 1]`. */
export function sumGroups(values: Tensor, { shape }: Block): Tensor {
  const [groups, rows, channels, inner] = shape;
  const perRow = inner === 1 ? values : sumMiddle(values, [groups * rows * channels, inner, 1]);
  return toShape(sumMiddle(perRow, [groups, rows, channels]), [groups, 1, channels, 1]);
}

/** One value per channel, `[channels]`, to be broadcast against a block. */
export const overGroups = (values: Tensor): Tensor => toShape(values, [1, 1, values.size, 1]);

/** The number of values that count in each group, or 1 for none, to be broadcast against a block. */
export const countsOf = ({ shape, counts }: Block): Tensor =>
  tensor(
    counts.map((count) => Math.max(count, 1)),
    [shape[0], 1, 1, 1],
  );

/** Which positions count, to be broadcast against a block; null for all. */
export const maskOf = ({ shape, weights }: Block): Tensor | null =>
  weights && tensor(weights, [shape[0], shape[1], 1, shape[3]], "bool");

/** Which groups have a value that counts, to be broadcast against a block; null for all. */
export const liveOf = ({ shape, counts }: Block): Tensor | null =>
  counts.includes(0)
    ? tensor(
        counts.map((count) => count > 0),
        [shape[0], 1, 1, 1],
        "bool",
      )
    : null;
