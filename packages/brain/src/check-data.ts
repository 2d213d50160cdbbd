import { type FloatArray, refuse } from "@batchnorm/core";
import { checkSamples, Flattener, type NumberType } from "@batchnorm/minibatch";
import { type Host, hasWeights, type Lookup } from "./host.ts";

/** One side of the samples. */
export interface Side {
  /** [samples, width], row-major. */
  readonly values: FloatArray;
  readonly width: number;
  /** Which key has which place; null for arrays. */
  readonly lookup: Lookup | null;
}

/** Samples as they are trained on, all of them finite. */
export interface Data {
  readonly count: number;
  readonly input: Side;
  readonly output: Side;
}

/** What a network has from an earlier training. */
export interface Known {
  readonly inputs: number | undefined;
  readonly outputs: number | undefined;
  readonly inputLookup: Lookup | null;
  readonly outputLookup: Lookup | null;
}

export function knownOf(host: Host): Known {
  const sizes = hasWeights(host) ? (host.sizes as number[]) : [];
  return {
    inputs: sizes.at(0),
    outputs: sizes.at(-1),
    inputLookup: host.inputLookup || null,
    outputLookup: host.outputLookup || null,
  };
}

type Field = "input" | "output";

/**
 * Checks what brain.js would train on, and brings it into flat arrays. Arrays are as wide as the network;
 * in objects a key that is missing is 0, as brain.js has it. Nothing of the network is changed.
 *
 * @param flattener - By which the arrays are good until its next data.
 * @throws {BatchNormError} naming the sample and the field: `ERR_BATCHNORM_TOO_FEW_VALUES` for an empty
 * set; `ERR_BATCHNORM_SHAPE` for a sample of another width; `ERR_BATCHNORM_DTYPE` for what is no number or
 * no sample; `ERR_BATCHNORM_NON_FINITE`.
 */
export function checkData(
  known: Known,
  given: unknown,
  type: NumberType,
  flattener: Flattener = new Flattener(),
): Data {
  const samples: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (samples.length === 0) {
    refuse("ERR_BATCHNORM_TOO_FEW_VALUES", "the training data must hold samples", given);
  }
  const plain = plainData(known, samples, type, flattener);
  if (plain) return plain;
  requireSamples(samples);
  const { inputs, outputs, inputLookup, outputLookup } = known;
  return {
    count: samples.length,
    input: checkSide("input", samples, inputs, inputLookup, type),
    output: checkSide("output", samples, outputs, outputLookup, type),
  };
}

/** Null where there is anything to be said of the samples, or to be looked up. */
function plainData(
  known: Known,
  samples: readonly unknown[],
  type: NumberType,
  flattener: Flattener,
): Data | null {
  const first = samples[0] as Partial<Record<Field, unknown>> | null | undefined;
  const inputs = known.inputs ?? widthOf(first?.input);
  const outputs = known.outputs ?? widthOf(first?.output);
  if (inputs === 0 || outputs === 0) return null;
  const flat = flattener.flatten(samples, { inputs, outputs, type });
  return (
    flat && {
      count: flat.count,
      input: { values: flat.x, width: inputs, lookup: null },
      output: { values: flat.t, width: outputs, lookup: null },
    }
  );
}

const widthOf = (row: unknown): number => (isList(row) ? (row as ArrayLike<unknown>).length : 0);

/** @throws {BatchNormError} `ERR_BATCHNORM_DTYPE`. */
function requireSamples(
  samples: readonly unknown[],
): asserts samples is readonly Record<Field, object>[] {
  for (const [i, given] of samples.entries()) {
    const sample = given as Partial<Record<Field, unknown>> | null | undefined;
    if (isObject(sample?.input) && isObject(sample.output)) continue;
    const rule = `sample ${i} must be an object with an input and an output, each an array or an object`;
    refuse("ERR_BATCHNORM_DTYPE", rule, sample);
  }
}

function checkSide(
  field: Field,
  data: readonly Record<Field, object>[],
  size: number | undefined,
  known: Lookup | null,
  type: NumberType,
): Side {
  const rows = data.map((sample) => sample[field]);
  const keyed = !isList(rows[0]);
  const odd = rows.findIndex((row) => isList(row) === keyed);
  if (odd >= 0) {
    const rule = `${field} of sample ${odd} must be ${keyed ? "an object" : "an array"}, as that of sample 0 is`;
    refuse("ERR_BATCHNORM_DTYPE", rule, rows[odd]);
  }
  const lookup = keyed ? (known ?? lookupOf(rows)) : null;
  const lists = lookup ? rows.map((row, i) => listOf(field, row, i, lookup)) : rows;
  const width = size ?? (lists[0] as ArrayLike<number>).length;
  if (width === 0) {
    const rule = `${field} of sample 0 must have a field or more`;
    refuse("ERR_BATCHNORM_SHAPE", rule, "none");
  }
  const { values } = checkSamples(field, lists as ArrayLike<number>[], width, type);
  return { values, width, lookup };
}

/** Keys in the order in which brain.js meets them. */
function lookupOf(rows: readonly object[]): Lookup {
  const lookup: Lookup = {};
  let length = 0;
  for (const row of rows) {
    for (const key of Object.keys(row)) if (!Object.hasOwn(lookup, key)) lookup[key] = length++;
  }
  return lookup;
}

/** A row of an object's values; keys that the network does not know are left out. */
export function listOf(field: Field, row: object, sample: number, lookup: Lookup): Float64Array {
  const list = new Float64Array(Object.keys(lookup).length);
  for (const [key, value] of Object.entries(row)) {
    const place = Object.hasOwn(lookup, key) ? lookup[key] : undefined;
    if (place === undefined) continue;
    const what = `${field}.${key} of sample ${sample}`;
    if (typeof value !== "number") refuse("ERR_BATCHNORM_DTYPE", `${what} must be a number`, value);
    if (!Number.isFinite(value))
      refuse("ERR_BATCHNORM_NON_FINITE", `${what} must be finite`, value);
    list[place] = value;
  }
  return list;
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

export const isList = (value: unknown): boolean =>
  Array.isArray(value) || ArrayBuffer.isView(value);
