import { type Place, refuseGolden } from "./golden-error.ts";

/** How numbers are stored; a mask is `bool`. */
export type GoldenType = "float32" | "float64" | "bool";

/** Numbers with a shape, row-major. */
export class GoldenTensor {
  readonly shape: readonly number[];
  readonly dtype: GoldenType;
  /** 0 and 1 where `dtype` is `bool`. */
  readonly data: Float64Array;

  constructor(shape: readonly number[], dtype: GoldenType, data: Float64Array) {
    this.shape = shape;
    this.dtype = dtype;
    this.data = data;
  }
}

/** Far above any golden, far below what would hurt: a claim beyond them is hostile. */
const limits = { rank: 8, values: 2 ** 20 };

const nonFinite: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

/**
 * Reads `{shape, dtype, data}`.
 *
 * @throws {GoldenError} for another key, type, shape or length.
 */
export function parseTensor(value: Readonly<Record<string, unknown>>, place: Place): GoldenTensor {
  const at = (key: string): Place => ({ ...place, field: `${place.field}.${key}` });
  for (const key of Object.keys(value)) {
    if (!["shape", "dtype", "data"].includes(key)) {
      refuseGolden(place, "must hold shape, dtype and data alone", key);
    }
  }
  const { shape, dtype, data } = value;
  if (dtype !== "float32" && dtype !== "float64" && dtype !== "bool") {
    refuseGolden(at("dtype"), "must be float32, float64 or bool", dtype);
  }
  // Truth values are no numbers.
  if (dtype === "bool" && place.field !== "inputs.mask") {
    refuseGolden(at("dtype"), "must be float32 or float64 but for a mask", dtype);
  }
  if (!Array.isArray(shape) || shape.length > limits.rank || !shape.every(isSize)) {
    refuseGolden(at("shape"), `must be up to ${limits.rank} integers ≥ 0`, shape);
  }
  // A size of 0 hides no huge one next to it.
  const claimed = shape.reduce((product: number, size: number) => product * Math.max(size, 1), 1);
  if (!(claimed <= limits.values)) {
    refuseGolden(at("shape"), `must hold ${limits.values} values at most`, claimed);
  }
  const length = shape.reduce((product: number, size: number) => product * size, 1);
  if (!Array.isArray(data) || data.length !== length) {
    const received = Array.isArray(data) ? data.length : data;
    refuseGolden(at("data"), `must hold ${length} values, as shape says`, received);
  }
  const numbers = data.map((item: unknown, i) => numberOf(item, dtype, at(`data[${i}]`)));
  return new GoldenTensor(shape, dtype, Float64Array.from(numbers));
}

const isSize = (size: unknown): boolean => Number.isSafeInteger(size) && (size as number) >= 0;

function numberOf(item: unknown, dtype: GoldenType, place: Place): number {
  if (dtype === "bool") {
    if (typeof item !== "boolean") refuseGolden(place, "must be true or false", item);
    return Number(item);
  }
  if (typeof item === "string" && Object.hasOwn(nonFinite, item)) return nonFinite[item] as number;
  if (typeof item !== "number" || !Number.isFinite(item)) {
    refuseGolden(place, 'must be a number, "NaN", "Infinity" or "-Infinity"', item);
  }
  return item;
}

/**
 * Moves axes: the result's axis i is the tensor's axis `order[i]`.
 *
 * @param order - Each axis once.
 */
export function permute(
  data: ArrayLike<number>,
  shape: readonly number[],
  order: readonly number[],
): Float64Array {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const sizes = order.map((axis) => shape[axis] as number);
  const result = new Float64Array(data.length);
  for (let to = 0; to < result.length; to++) {
    let [rest, from] = [to, 0];
    for (let i = order.length - 1; i >= 0; i--) {
      const size = sizes[i] as number;
      from += (rest % size) * (strides[order[i] as number] as number);
      rest = Math.floor(rest / size);
    }
    result[to] = data[from] as number;
  }
  return result;
}
