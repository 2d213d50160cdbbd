import type { Eventually, Feature, Subject } from "./subject.ts";

/** One thing that the contract asks for. Any runner can loop over cases. */
export interface Case {
  /** Unique and stable. */
  readonly id: string;
  /** A present-tense fact, which its clause comes before: `BN-3.2 inference uses …`. */
  readonly title: string;
  /** Of docs/spec.md: `BN-3.2`. */
  readonly clause: string;
  /** What a subject must support to be asked. */
  readonly requires: readonly Feature[];
  /** @throws {ConformanceError} when the subject fails; anything else that it throws fails too. */
  run(subject: Subject): Eventually<void>;
}

/** What a subject did and what it should have done. */
export class ConformanceError extends Error {
  override readonly name = "ConformanceError";
  readonly expected: string;
  readonly received: string;
  /** The largest error, in units of what is allowed; null where it is not about numbers. */
  readonly worst: number | null;

  constructor(what: string, expected: string, received: string, worst: number | null = null) {
    const excess = worst === null ? "" : ` (${worst.toPrecision(3)} × what is allowed)`;
    super(`${what}: expected ${expected}, received ${received}${excess}`);
    this.expected = expected;
    this.received = received;
    this.worst = worst;
  }
}

/** What became of a case. */
export interface Outcome {
  readonly case: Case;
  readonly status: "passed" | "failed" | "skipped";
  /** What it failed with, or which features it was skipped for. */
  readonly detail: Error | readonly Feature[] | null;
}

/** What a case needs and a subject does not support. */
export const lackingOf = ({ requires }: Case, { supports }: Subject): Feature[] =>
  requires.filter((feature) => !supports.includes(feature));

/** Runs one case, or skips it. */
export async function judge(test: Case, subject: Subject): Promise<Outcome> {
  const lacking = lackingOf(test, subject);
  if (lacking.length > 0) return { case: test, status: "skipped", detail: lacking };
  try {
    await test.run(subject);
    return { case: test, status: "passed", detail: null };
  } catch (error) {
    const detail = error instanceof Error ? error : new Error(String(error));
    return { case: test, status: "failed", detail };
  }
}
