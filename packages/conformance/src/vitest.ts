import { describe, test } from "vitest";
import { cases } from "./cases-of.ts";
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
export function conformance(subject: Subject): void {
  describe(`${subject.name} keeps the contract`, () => {
    for (const { title, lacking, run } of cases(subject)) {
      const wanting = lacking.length === 0 ? "" : ` (without ${lacking.join(", ")})`;
      test.skipIf(wanting !== "")(title + wanting, run);
    }
  });
}
