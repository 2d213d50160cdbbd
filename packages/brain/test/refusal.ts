import { BatchNormError, type BatchNormErrorCode } from "@batchnorm/core";
import { expect } from "vitest";

/** Asserts that a call is refused with that code, and that the message says what was received. */
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
