import { type Case, lackingOf } from "./case.ts";
import { contract } from "./cases/index.ts";
import { goldenCases } from "./goldens/golden-cases.ts";
import { shippedGoldens } from "./goldens/shipped.ts";
import type { Feature, Subject } from "./subject.ts";

/** A case put to a subject, ready for any runner. */
export interface BoundCase {
  readonly id: string;
  readonly title: string;
  /** Of the contract, `BN-3.2`. */
  readonly clause: string;
  /** What the subject does not support and the case needs: skip it, and say so, if there is any. */
  readonly lacking: readonly Feature[];
  /** Rejects when the subject fails. */
  run(): Promise<void>;
}

/** Every case there is: those written by hand, and the golden ones that come with the package. */
export const allCases: readonly Case[] = [...contract, ...shippedGoldens.flatMap(goldenCases)];

/**
 * All cases, put to a subject.
 *
 * @example
 * for (const { title, lacking, run } of cases(subject)) {
 *   test(title, { skip: lacking.length > 0 }, run); // node:test
 * }
 */
export function cases(subject: Subject, list: readonly Case[] = allCases): BoundCase[] {
  return list.map((one) => ({
    id: one.id,
    title: one.title,
    clause: one.clause,
    lacking: lackingOf(one, subject),
    run: async () => one.run(subject),
  }));
}
