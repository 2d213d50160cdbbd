import { refuse, tagOf } from "./errors.ts";

/** What tensors are kept in: row-major, float32 or float64. Sums are float64 for both. */
export type FloatArray = Float32Array | Float64Array;

/**
 * Checks that `value` is a float array of that length.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_DTYPE`, or `ERR_BATCHNORM_SHAPE` for the length.
 */
export function requireFloats(name: string, value: FloatArray, length: number): void {
  if (!isFloats(value)) {
    refuse("ERR_BATCHNORM_DTYPE", `${name} must be a Float32Array or a Float64Array`, value);
  }
  if (value.length !== length) {
    // A view of memory that was transferred, or that grew, is empty without a word.
    const lost = value.length === 0 && value.buffer.byteLength === 0;
    const rule = `${name} must hold ${length} values${lost ? " and be attached to its memory" : ""}`;
    refuse("ERR_BATCHNORM_SHAPE", rule, value.length);
  }
}

/** Of another realm, as of a frame or a worker's test, too: there instanceof fails, and the tag tells. */
function isFloats(value: unknown): boolean {
  if (value instanceof Float32Array || value instanceof Float64Array) return true;
  const tag = tagOf(value);
  return tag === "Float32Array" || tag === "Float64Array";
}

/**
 * Checks that `value` is a Float64Array of that length.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_DTYPE`, or `ERR_BATCHNORM_SHAPE` for the length.
 */
export function requireFloat64(name: string, value: Float64Array, length: number): void {
  requireFloats(name, value, length);
  if (value.BYTES_PER_ELEMENT !== 8) {
    refuse("ERR_BATCHNORM_DTYPE", `${name} must be a Float64Array`, value);
  }
}

/**
 * The array that a result goes to: `out` where the caller gave one, else a new one of `like`'s type.
 *
 * @param inputs - Arrays that are read while `out` is written. It may be one of them, but not
 * overlap one at another offset, where values would be overwritten before they are read.
 * @throws {BatchNormError} `ERR_BATCHNORM_DTYPE` or `ERR_BATCHNORM_SHAPE`.
 */
export function outputFor<T extends FloatArray>(
  name: string,
  out: T | undefined,
  like: T,
  inputs: readonly FloatArray[],
): T {
  if (out === undefined) {
    const Floats = like.BYTES_PER_ELEMENT === 8 ? Float64Array : Float32Array;
    return new Floats(like.length) as T;
  }
  requireFloats(name, out, like.length);
  for (const input of inputs) {
    const same = out.byteOffset === input.byteOffset && out.byteLength === input.byteLength;
    if (overlap(out, input) && !same) {
      refuse("ERR_BATCHNORM_SHAPE", `${name} must not overlap an input at another offset`, out);
    }
  }
  return out;
}

/** Whether two arrays share memory. */
export function overlap(a: FloatArray, b: FloatArray): boolean {
  return (
    a.byteOffset < b.byteOffset + b.byteLength &&
    b.byteOffset < a.byteOffset + a.byteLength &&
    a.buffer === b.buffer // Last: asking for a buffer costs more than the rest.
  );
}
