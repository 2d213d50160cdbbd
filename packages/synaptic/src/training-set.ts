import { type FloatArray, refuse } from "@batchnorm/core";
import { checkSamples, type Network } from "@batchnorm/minibatch";
import type { Cost } from "./host.ts";
import type { Sample } from "./training-options.ts";

/** Samples in flat arrays, all numbers finite. */
export interface TrainingSet {
  readonly samples: readonly Sample[];
  /** [samples, inputs]. */
  readonly inputs: FloatArray;
  /** [samples, outputs]. */
  readonly targets: FloatArray;
}

/**
 * Checks samples and brings them into flat arrays.
 *
 * @throws {BatchNormError} naming the sample, and the field where there is one:
 * `ERR_BATCHNORM_TOO_FEW_VALUES` for an empty set; `ERR_BATCHNORM_SHAPE` for a sample of another size;
 * `ERR_BATCHNORM_DTYPE` for what is no sample, or no number; `ERR_BATCHNORM_NON_FINITE`.
 */
export function checkSet(set: readonly Sample[], network: Network): TrainingSet {
  if (!Array.isArray(set)) {
    refuse("ERR_BATCHNORM_DTYPE", "a training set must be an array of { input, output }", set);
  }
  const samples = set as readonly Sample[];
  const inputs = flatten(samples, "input", network.inputs);
  const targets = flatten(samples, "output", network.outputs);
  if (inputs && targets) return { samples, inputs, targets };
  return refuseSet(samples, network);
}

/** Side by side what each sample has under a key; null where it is not as it must be. */
function flatten(
  samples: readonly Sample[],
  key: keyof Sample,
  width: number,
): Float64Array | null {
  if (samples.length === 0) return null;
  const values = new Float64Array(samples.length * width);
  let at = 0;
  for (let i = 0; i < samples.length; i++) {
    const row = samples[i]?.[key];
    if (typeof row !== "object" || row?.length !== width) return null;
    for (let field = 0; field < width; field++) {
      const value = row[field] as number;
      if (!Number.isFinite(value)) return null;
      values[at++] = value;
    }
  }
  return values;
}

/** Says what is wrong, which costs more than to see that something is. */
function refuseSet(samples: readonly Sample[], { inputs, outputs }: Network): never {
  const bad = samples.findIndex((sample) => !sample?.input || !sample.output);
  if (bad >= 0) {
    refuse("ERR_BATCHNORM_DTYPE", `sample ${bad} must have an input and an output`, samples[bad]);
  }
  const rows = (key: keyof Sample) => samples.map((sample) => sample[key]);
  checkSamples("the inputs", rows("input"), inputs, "float64");
  checkSamples("the outputs", rows("output"), outputs, "float64");
  return refuse("ERR_BATCHNORM_DTYPE", "a training set must be rows of finite numbers", samples);
}

/** The sum of what samples cost, given their outputs side by side. */
export type SumOfCosts = (outputs: ArrayLike<number>, samples: Uint32Array) => number;

/** As the engine takes a cost: synaptic's own squared error without an array for each sample. */
export function sumOfCosts(
  { samples, targets }: TrainingSet,
  width: number,
  cost: Cost,
  mse: Cost,
): SumOfCosts {
  if (cost === mse) return (outputs, places) => squares(outputs, targets, places, width);
  return (outputs, places) => {
    let sum = 0;
    for (let i = 0; i < places.length; i++) {
      const output = Array.prototype.slice.call(outputs, i * width, (i + 1) * width);
      sum += cost((samples[places[i] as number] as Sample).output, output);
    }
    return sum;
  };
}

/** Σ over samples of the mean of (t − a)² over the outputs. */
function squares(
  outputs: ArrayLike<number>,
  targets: FloatArray,
  places: Uint32Array,
  width: number,
): number {
  let sum = 0;
  for (let i = 0, a = 0; i < places.length; i++) {
    let t = (places[i] as number) * width;
    for (let o = 0; o < width; o++) {
      const difference = (targets[t++] as number) - (outputs[a++] as number);
      sum += difference * difference;
    }
  }
  return sum / width;
}
