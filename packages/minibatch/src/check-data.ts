import { type FloatArray, refuse } from "@batchnorm/core";
import type { FlatSamples } from "./flat-samples.ts";
import type { Network } from "./network.ts";
import type { NumberType } from "./network-options.ts";

/**
 * Samples: a row of numbers each, in arrays of any kind, or one flat array, sample after sample.
 */
export type Samples = readonly ArrayLike<number>[] | ArrayLike<number>;

/** What a network is trained on. */
export interface TrainingData {
  /** [samples, inputs]. */
  readonly inputs: Samples;
  /** [samples, outputs]. */
  readonly targets: Samples;
}

/** Samples in one array, row-major, all of them finite. */
export interface Matrix {
  readonly values: FloatArray;
  /** Samples. */
  readonly count: number;
}

/**
 * Checks samples, and brings them into one array of the network's type. A flat array of that type is
 * taken as it is; whatever else is copied.
 *
 * @param name - What an error calls them: inputs, targets.
 * @param width - Fields of a sample.
 * @throws {BatchNormError} naming the sample, and the field where there is one:
 * `ERR_BATCHNORM_TOO_FEW_VALUES` for no samples; `ERR_BATCHNORM_SHAPE` for a sample of another width;
 * `ERR_BATCHNORM_DTYPE` for what is no number; `ERR_BATCHNORM_NON_FINITE` for NaN, infinity, and what is
 * infinite in float32.
 */
export function checkSamples(
  name: string,
  samples: Samples,
  width: number,
  type: NumberType,
): Matrix {
  const given = lengthOf(samples);
  if (given === undefined) {
    refuse("ERR_BATCHNORM_DTYPE", `${name} must be rows of numbers, or a flat array`, samples);
  }
  if (given === 0) {
    refuse("ERR_BATCHNORM_TOO_FEW_VALUES", `${name} must hold a sample or more`, given);
  }
  const flat = ArrayBuffer.isView(samples) || lengthOf(samples[0]) === undefined;
  const matrix = flat
    ? flatMatrix(name, samples as ArrayLike<number>, width, type)
    : rowMatrix(name, samples as ArrayLike<ArrayLike<number>>, width, type);
  requireFinite(name, matrix.values, width, (i) => valueAt(samples, flat, i, width));
  return matrix;
}

/**
 * {@link checkSamples} for inputs and targets, of which there must be equally many.
 *
 * @throws {BatchNormError} as {@link checkSamples}; `ERR_BATCHNORM_SHAPE` for numbers that differ.
 */
export function checkTrainingData(
  { inputs, targets }: TrainingData,
  { inputs: fields, outputs, type }: Pick<Network, "inputs" | "outputs" | "type">,
): FlatSamples {
  const { values: x, count } = checkSamples("inputs", inputs, fields, type);
  const t = checkSamples("targets", targets, outputs, type);
  if (t.count !== count) {
    const rule = `targets must hold as many samples as inputs, ${count}`;
    refuse("ERR_BATCHNORM_SHAPE", rule, t.count);
  }
  return { x, t: t.values, count };
}

/** {@link checkTrainingData} for data that may have been flattened, and checked, before. */
export const flatOf = (data: TrainingData | FlatSamples, network: Network): FlatSamples =>
  "count" in data ? data : checkTrainingData(data, network);

function flatMatrix(
  name: string,
  values: ArrayLike<number>,
  width: number,
  type: NumberType,
): Matrix {
  const { length } = values;
  // A typed array holds numbers, but for those of BigInts, which hold none.
  const numbers = ArrayBuffer.isView(values) && typeof values[0] === "number";
  const bad = numbers ? -1 : firstOther(values);
  if (bad >= 0) refuseOther(name, Math.floor(bad / width), bad % width, values[bad]);
  if (length % width !== 0) {
    const rule = `${name} in one array must hold a multiple of ${width} values, the fields of a sample`;
    refuse("ERR_BATCHNORM_SHAPE", rule, length);
  }
  const tag = Object.prototype.toString.call(values);
  const fits = tag === (type === "float32" ? "[object Float32Array]" : "[object Float64Array]");
  const taken = fits ? (values as FloatArray) : floats(type, length);
  if (!fits) taken.set(values);
  return { values: taken, count: length / width };
}

function rowMatrix(
  name: string,
  rows: ArrayLike<ArrayLike<number>>,
  width: number,
  type: NumberType,
): Matrix {
  const values = floats(type, rows.length * width);
  for (let sample = 0, at = 0; sample < rows.length; sample++) {
    const row = rows[sample] as ArrayLike<number>;
    const length = lengthOf(row);
    if (length === undefined) {
      const rule = `sample ${sample} of ${name} must be a row of ${width} numbers`;
      refuse("ERR_BATCHNORM_DTYPE", rule, row);
    }
    if (length !== width) {
      const rule = `sample ${sample} of ${name} must have ${width} fields`;
      refuse("ERR_BATCHNORM_SHAPE", rule, length);
    }
    const bad = firstOther(row);
    if (bad >= 0) refuseOther(name, sample, bad, row[bad]);
    for (let field = 0; field < width; field++) values[at++] = row[field] as number;
  }
  return { values, count: rows.length };
}

/** Where the first value is that is no number, or −1. */
function firstOther(values: ArrayLike<unknown>): number {
  for (let i = 0; i < values.length; i++) if (typeof values[i] !== "number") return i;
  return -1;
}

function refuseOther(name: string, sample: number, field: number, value: unknown): never {
  const rule = `sample ${sample} of ${name} must have a number in field ${field}`;
  refuse("ERR_BATCHNORM_DTYPE", rule, value);
}

/** Of what was computed with, since 1e39 is finite until it is a float32. */
function requireFinite(
  name: string,
  values: FloatArray,
  width: number,
  given: (index: number) => number,
): void {
  // 0 unless something is not: asked of all of them first, since nearly always none is.
  let odd = 0;
  for (let i = 0; i < values.length; i++) odd += (values[i] as number) * 0;
  if (odd === 0) return;
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    const value = given(i);
    const coarse = Number.isFinite(value) ? " in float32" : "";
    const where = `sample ${Math.floor(i / width)} of ${name}`;
    const rule = `${where} must have a finite number${coarse} in field ${i % width}`;
    refuse("ERR_BATCHNORM_NON_FINITE", rule, value);
  }
}

function valueAt(samples: Samples, flat: boolean, index: number, width: number): number {
  if (flat) return (samples as ArrayLike<number>)[index] as number;
  const row = (samples as readonly ArrayLike<number>[])[Math.floor(index / width)];
  return row?.[index % width] as number;
}

/** Of arrays and what is like them; a text is neither. */
function lengthOf(value: unknown): number | undefined {
  if (typeof value !== "object" || value === null || value instanceof DataView) return undefined;
  const { length } = value as { length?: unknown };
  return Number.isSafeInteger(length) && (length as number) >= 0 ? (length as number) : undefined;
}

const floats = (type: NumberType, length: number): FloatArray =>
  type === "float32" ? new Float32Array(length) : new Float64Array(length);
