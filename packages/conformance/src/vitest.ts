import { BatchNormError, type BatchNormErrorCode } from "@batchnorm/core";
import { describe, expect, test } from "vitest";
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

/**
 * Asserts that a call is refused with that code, and that the message says what was received, or at which
 * step.
 *
 * @returns the error, for whoever wants to ask more of it.
 *
 * @example
 * expectRefusal("ERR_BATCHNORM_SHAPE", () => layer.forward(x, [3, 5], { training: true }));
 */
export function expectRefusal(code: BatchNormErrorCode, call: () => unknown): BatchNormError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(BatchNormError);
    expect((error as BatchNormError).code).toBe(code);
    expect((error as BatchNormError).message).toMatch(/, got |step \d+/);
    return error as BatchNormError;
  }
  throw new Error(`expected a refusal with ${code}, but the call returned`);
}
