import { type FloatArray, refuse } from "@batchnorm/core";
import { requireFloats } from "@batchnorm/core/checks";
import type { NumberType } from "./network-options.ts";

/** A matrix of a network's values whose rows may be padded. Offset and stride count values. */
export interface MatrixAt {
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
  readonly stride: number;
}

export const newFloats = (type: NumberType, length: number): FloatArray =>
  type === "float64" ? new Float64Array(length) : new Float32Array(length);

/** `out` where the caller gave one, else a new array of the network's type. */
export function outFor(
  name: string,
  out: FloatArray | undefined,
  type: NumberType,
  length: number,
): FloatArray {
  if (out === undefined) return newFloats(type, length);
  requireFloats(name, out, length);
  return out;
}

/** Copies a matrix out, row-major, without the padding. */
export function readMatrix(
  values: FloatArray,
  { offset, rows, columns, stride }: MatrixAt,
  out: FloatArray,
): void {
  for (let row = 0, to = 0; row < rows; row++) {
    const from = offset + row * stride;
    for (let i = 0; i < columns; i++) out[to++] = values[from + i] as number;
  }
}

/** Copies a row-major matrix in. */
export function writeMatrix(
  values: FloatArray,
  { offset, rows, columns, stride }: MatrixAt,
  from: ArrayLike<number>,
): void {
  for (let row = 0, at = 0; row < rows; row++) {
    const to = offset + row * stride;
    for (let i = 0; i < columns; i++) values[to + i] = from[at++] as number;
  }
}

/** Copies a matrix out as its transpose, row-major. */
export function readTransposed(
  values: FloatArray,
  { offset, rows, columns, stride }: MatrixAt,
  out: FloatArray,
  at: number,
): void {
  for (let row = 0; row < rows; row++) {
    const from = offset + row * stride;
    for (let i = 0; i < columns; i++) out[at + i * rows + row] = values[from + i] as number;
  }
}

/** Copies a matrix in whose transpose lies row-major in `from`. */
export function writeTransposed(
  values: FloatArray,
  { offset, rows, columns, stride }: MatrixAt,
  from: FloatArray,
): void {
  for (let row = 0; row < rows; row++) {
    const to = offset + row * stride;
    for (let i = 0; i < columns; i++) values[to + i] = from[i * rows + row] as number;
  }
}

/** @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` or `ERR_BATCHNORM_NON_FINITE`, with the index. */
export function requireNumbers(name: string, values: ArrayLike<number>, length: number): void {
  if (values?.length !== length) {
    refuse("ERR_BATCHNORM_SHAPE", `${name} must hold ${length} values`, values?.length ?? values);
  }
  for (let i = 0; i < length; i++) {
    if (Number.isFinite(values[i])) continue;
    refuse("ERR_BATCHNORM_NON_FINITE", `${name}[${i}] must be a finite number`, values[i]);
  }
}
