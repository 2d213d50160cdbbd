import { layoutOf } from "@batchnorm/core";
import type { Learned } from "./digits-goal.ts";
import type { Shape } from "./shapes.ts";

/**
 * One line on a worker's stdin: do `op` on a shape `iterations` times, in each of `batches` batches.
 *
 * The keys come in this order, which is what lets the C worker read a line with one `sscanf`.
 */
export interface Request {
  readonly op: string;
  readonly outer: number;
  readonly channels: number;
  readonly inner: number;
  readonly iterations: number;
  readonly batches: number;
  readonly dims: readonly number[];
  readonly axis: number;
  /** To time the least that its bytes need instead. */
  readonly limit?: boolean;
}

/** The first line on a worker's stdout: its name and version, or why it cannot run here. */
export type Greeting = { readonly ready: string } | { readonly absent: string };

/**
 * One line on a worker's stdout: milliseconds an iteration, the median of the batches, with three
 * values of the result; or that the worker has no such op.
 */
export type Answer =
  | { readonly ms: number; readonly check: readonly number[] | null; readonly learned?: Learned }
  | { readonly lacks: string };

export function requestFor(
  { dims, axis }: Shape,
  op: string,
  iterations: number,
  batches: number,
): Request {
  return { op, ...layoutOf(dims, axis), iterations, batches, dims, axis };
}

/** The places that a worker's `check` shows: first, middle and last. */
export const checkedPlaces = (length: number): number[] => [0, Math.floor(length / 2), length - 1];
