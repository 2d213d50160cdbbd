/** One thing that a consumer does. */
export interface Check {
  /** As the table's column is called. */
  readonly name: string;
  /** Rejects when it does not work. */
  run(): Promise<void>;
}

/** A project that uses what was published. */
export interface Consumer {
  readonly name: string;
  /** In order; the others are not tried without the first. */
  readonly checks: readonly Check[];
}

/** What the training of every consumer prints when it has learned. */
export const success = "learned";

/** @throws with all of the output, when its last line says something else. */
export function expectSuccess(output: string): void {
  if (output.trim().split("\n").at(-1) !== success) {
    throw new Error(`must end with "${success}", got\n${output.trim() || "nothing"}`);
  }
}
