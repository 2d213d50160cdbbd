import { refuse } from "@batchnorm/core";
import { checkSamples, type FlatSamples, type Flattener, type Network } from "@batchnorm/minibatch";
import type { Sample } from "./training-options.ts";

/** Samples, and their numbers in flat arrays, all of them finite. */
export interface TrainingSet {
  readonly samples: readonly Sample[];
  readonly flat: FlatSamples;
}

/**
 * Checks samples and brings them into flat arrays.
 *
 * @param flattener - By which the arrays are good until its next set.
 * @throws {BatchNormError} naming the sample, and the field where there is one:
 * `ERR_BATCHNORM_TOO_FEW_VALUES` for an empty set; `ERR_BATCHNORM_SHAPE` for a sample of another size;
 * `ERR_BATCHNORM_DTYPE` for what is no sample, or no number; `ERR_BATCHNORM_NON_FINITE`.
 */
export function checkSet(
  set: readonly Sample[],
  network: Network,
  flattener: Flattener,
): TrainingSet {
  if (!Array.isArray(set)) {
    refuse("ERR_BATCHNORM_DTYPE", "a training set must be an array of { input, output }", set);
  }
  const samples = set as readonly Sample[];
  return { samples, flat: flattener.flatten(samples, network) ?? flatByField(samples, network) };
}

/** Says what is wrong, which takes longer than to see that something is; rows may be like arrays, too. */
function flatByField(samples: readonly Sample[], { inputs, outputs, type }: Network): FlatSamples {
  const bad = samples.findIndex((sample) => !isObject(sample?.input) || !isObject(sample.output));
  if (bad >= 0) {
    refuse("ERR_BATCHNORM_DTYPE", `sample ${bad} must have an input and an output`, samples[bad]);
  }
  const rows = (key: keyof Sample) => samples.map((sample) => sample[key]);
  const { values: x, count } = checkSamples("the inputs", rows("input"), inputs, type);
  const { values: t } = checkSamples("the outputs", rows("output"), outputs, type);
  return { x, t, count };
}

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;

/** A part of a set, from one sample to before another. */
export function partOf({ samples, flat }: TrainingSet, from: number, to: number): TrainingSet {
  const { x, t, count } = flat;
  const part = (values: typeof x) =>
    values.subarray((from * values.length) / count, (to * values.length) / count);
  return { samples: samples.slice(from, to), flat: { x: part(x), t: part(t), count: to - from } };
}
