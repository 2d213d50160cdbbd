import { describe, test } from "vitest";
import { type Case, judge } from "./case.ts";
import { cases as allCases } from "./cases/index.ts";
import type { Subject } from "./subject.ts";

/**
 * Makes every case a vitest test; what the subject does not support is shown as skipped, with what it
 * lacks.
 *
 * @example
 * import { conformance } from "@batchnorm/conformance/vitest";
 * import { subject } from "./subject.ts";
 * conformance(subject);
 */
export function conformance(subject: Subject, cases: readonly Case[] = allCases): void {
  describe(`${subject.name} keeps the contract`, () => {
    for (const one of cases) {
      const lacking = one.requires.filter((feature) => !subject.supports.includes(feature));
      if (lacking.length > 0) {
        test.skip(`${one.title} (without ${lacking.join(", ")})`, () => {});
        continue;
      }
      test(one.title, async () => {
        const { status, detail } = await judge(one, subject);
        if (status === "failed") throw detail;
      });
    }
  });
}
