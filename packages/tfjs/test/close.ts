import { BatchNormError, type BatchNormErrorCode } from "@batchnorm/core";
import type { Tensor } from "@tensorflow/tfjs-core";
import { expect } from "vitest";

/** Asserts |a − b| ≤ tolerance · max(1, |b|) for every value. */
export function expectClose(
  actual: Tensor | ArrayLike<number>,
  expected: Tensor | ArrayLike<number>,
  tolerance: number,
): void {
  const values = (data: Tensor | ArrayLike<number>): number[] =>
    Array.from("dataSync" in data ? data.dataSync() : data);
  const [a, b] = [values(actual), values(expected)];
  expect(a.length).toBe(b.length);
  const errors = a.map((value, i) => Math.abs(value - b[i]!) / Math.max(1, Math.abs(b[i]!)));
  const worst = errors.reduce((most, error) => (error <= most ? most : error), 0);
  expect(worst, `${a.slice(0, 8)} ≈ ${b.slice(0, 8)}`).toBeLessThanOrEqual(tolerance);
}

/** Asserts that what a call promises is refused with that code. */
export async function expectRejection(
  code: BatchNormErrorCode,
  call: () => Promise<unknown>,
): Promise<BatchNormError> {
  const error = await call().then(
    () => null,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(BatchNormError);
  expect((error as BatchNormError).code).toBe(code);
  return error as BatchNormError;
}
