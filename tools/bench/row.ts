/** One measurement: what `--json` writes, and what the tables and the chart are made of. */
export interface Row {
  readonly suite: string;
  /** A letter of `shapes.ts`, or a net like `64-100-100-10`. */
  readonly shape: string;
  readonly op: string;
  readonly subject: string;
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** Rounds that the three are taken over. */
  readonly repeats: number;
  /** This time ÷ the least that bytes or products need, median of the rounds; null where no limit is known. */
  readonly ratioToLimit: number | null;
  /** Ours ÷ this time, median of the rounds: what the targets are about. Absent without ours. */
  readonly oursRatio?: number;
  /** Of `to-95`: whether all rounds got there; where not, the time is the cap, and ratios are bounds. */
  readonly reached?: boolean;
  /** Of `to-95`: training samples seen, median of the rounds. */
  readonly samples?: number;
  /** Of `to-95`: test accuracy in the end, the least of the rounds. */
  readonly accuracy?: number;
}

/** A subject that could not take part: in all of its suite, or in one shape and op. */
export interface Absent {
  readonly suite: string;
  readonly subject: string;
  readonly shape?: string;
  readonly op?: string;
  readonly absent: string;
}

export type Line = Row | Absent;

export const isRow = (line: Line): line is Row => !("absent" in line);
