import type { Line } from "./row.ts";

/** What of a suite is to be run. */
export interface Selection {
  readonly shapes: readonly string[];
  readonly ops: readonly string[];
  readonly subjects: readonly string[];
  readonly rounds: number;
  /** Says on the screen what is being done; it may take a while. */
  readonly say: (text: string) => void;
}

/** One table of the benchmark. A new one is a file that exports this, and a name in `suites.ts`. */
export interface Suite {
  readonly name: string;
  readonly title: string;
  /** What is peculiar to a subject; printed below the title. */
  readonly notes: readonly string[];
  readonly shapes: readonly string[];
  /** What a shape's name means, in a few words. */
  readonly describe: (shape: string) => string;
  readonly ops: readonly string[];
  /** In the order of the table's columns. */
  readonly subjects: readonly string[];
  /** How many samples the op `train` takes; its rows are printed as samples a second as well. */
  readonly samples?: number;
  run(selection: Selection): Promise<Line[]>;
}
