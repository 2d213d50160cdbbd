import type { Subject } from "./subject.ts";

/** What can be wrong with a layer. */
export type Problem =
  | "non-finite-parameter"
  | "bad-running-statistics"
  | "non-finite-batch"
  | "dead-gamma"
  | "exploding-gamma"
  | "zero-running-variance"
  | "zero-batch-variance"
  | "few-updates"
  | "initial-share"
  | "few-values"
  | "mean-shift"
  | "variance-ratio"
  | "mean-dominates"
  | "epsilon-dominates";

/** One question put to every channel. */
export interface Check {
  readonly problem: Problem;
  /** The number that is wrong; null where nothing is, or where another check tells why. */
  readonly measure: (subject: Subject, c: number) => number | null;
  /** By which the worst channel is chosen; |value| when absent. */
  readonly badness?: (value: number) => number;
  readonly says: (value: number, subject: Subject) => string;
  readonly advice: string;
}

/** The number of a channel; NaN where there is none, or JSON has made null of it. */
export const at = (values: ArrayLike<number>, c: number): number => values[c] ?? Number.NaN;

/** The value where it is finite and `fails` it; what is not finite has checks of its own. */
export function when(value: number | undefined, fails: (value: number) => boolean): number | null {
  return value !== undefined && Number.isFinite(value) && fails(value) ? value : null;
}

/** Three digits. */
export const short = (value: number): string => String(Number(value.toPrecision(3)));
