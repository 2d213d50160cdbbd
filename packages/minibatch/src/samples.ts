import { type FloatArray, refuse } from "@batchnorm/core";
import { requireFloats } from "@batchnorm/core/checks";
import { inputOf, outputOf } from "./dataset.ts";
import type { Executor } from "./executor.ts";
import { type MatrixAt, readTransposed, writeMatrix, writeTransposed } from "./parameters.ts";
import { type Plan, pad } from "./plan.ts";

/** @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` or `ERR_BATCHNORM_DTYPE`. */
export function requireSamples(plan: Plan, x: FloatArray, count: number): void {
  if (!Number.isSafeInteger(count) || count < 0) {
    refuse("ERR_BATCHNORM_SHAPE", "count must be an integer ≥ 0", count);
  }
  requireFloats("x", x, count * inputOf(plan).units);
}

/** @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` for a count that no step can have had. */
export function requireStepped({ options: { batchSize } }: Plan, count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= batchSize) return;
  refuse("ERR_BATCHNORM_SHAPE", `count must be an integer from 1 to ${batchSize}`, count);
}

/** Writes samples, [count, inputs], to where a pass begins. */
export function stage({ plan, block }: Executor, x: FloatArray, count: number): void {
  const { transposed, transposedRow, units } = inputOf(plan);
  const { size } = plan.grain;
  const at = { offset: transposed / size, rows: count, columns: units };
  writeMatrix(block.values, { ...at, stride: transposedRow / size }, x);
}

/** What there is of a batch of so many samples at `offset`, [units][row of the batch]. */
export function batchAt({ grain }: Plan, offset: number, units: number, count: number): MatrixAt {
  return { offset: offset / grain.size, rows: units, columns: count, stride: pad(count, grain) };
}

/** Writes [count, units] to where a pass reads [units][row of the batch]. */
export function writeBatch(
  { plan, block }: Executor,
  offset: number,
  units: number,
  count: number,
  from: FloatArray,
): void {
  writeTransposed(block.values, batchAt(plan, offset, units, count), from);
}

/** Reads [count, units] into `out`, from `at` on. */
export function readBatch(
  { plan, block }: Executor,
  offset: number,
  units: number,
  count: number,
  out: FloatArray,
  at = 0,
): void {
  readTransposed(block.values, batchAt(plan, offset, units, count), out, at);
}

/** Runs samples through by the running statistics, a batch at a time. */
export function inBatches(
  executor: Executor,
  x: FloatArray,
  count: number,
  stop: number,
  use: (first: number, size: number) => void,
): void {
  const { batchSize } = executor.plan.options;
  const { units } = inputOf(executor.plan);
  for (let first = 0; first < count; first += batchSize) {
    const size = Math.min(batchSize, count - first);
    stage(executor, x.subarray(first * units, (first + size) * units), size);
    executor.infer(size, stop);
    use(first, size);
  }
}

/** [count, outputs] of [count, inputs]. */
export function predictInto(
  executor: Executor,
  x: FloatArray,
  count: number,
  out: FloatArray,
): void {
  const { units } = outputOf(executor.plan);
  inBatches(executor, x, count, 0, (first, size) => {
    outputsInto(executor, size, out, first * units);
  });
}

/** [count, outputs] of the last pass, into `out`, from `at` on. */
export function outputsInto(
  executor: Executor,
  count: number,
  out: FloatArray,
  at = 0,
): FloatArray {
  const { activations, units } = outputOf(executor.plan);
  readBatch(executor, activations, units, count, out, at);
  return out;
}
