import type { FloatArray } from "@batchnorm/core";
import type * as minibatch from "@batchnorm/minibatch";
import type { Cost } from "./host.ts";
import type { Sample } from "./training-options.ts";
import type { TrainingSet } from "./training-set.ts";

/** A cost as the engine tells it: the mean over samples, times `scale`, is what synaptic tells. */
export interface EngineCost {
  readonly cost: minibatch.Cost;
  readonly scale: number;
}

/** @param mse - synaptic's own mean of (t − a)², which the engine needs no arrays of outputs for. */
export function engineCost(
  { samples }: TrainingSet,
  width: number,
  cost: Cost,
  mse: Cost,
): EngineCost {
  if (cost === mse) return { cost: "squared-error", scale: 2 / width };
  return { cost: (outputs, places) => sumOfCosts(samples, width, cost, outputs, places), scale: 1 };
}

/** The mean cost of a set, given all outputs side by side. */
export function meanCost(
  { samples, flat }: TrainingSet,
  width: number,
  cost: Cost,
  mse: Cost,
  outputs: FloatArray,
): number {
  if (cost === mse) return meanSquare(flat.t, outputs);
  return sumOfCosts(samples, width, cost, outputs, samples.keys()) / samples.length;
}

function sumOfCosts(
  samples: readonly Sample[],
  width: number,
  cost: Cost,
  outputs: FloatArray,
  places: Iterable<number>,
): number {
  let sum = 0;
  let at = 0;
  for (const place of places) {
    // Each its own, and an array such as synaptic gives, for who knows what the function does with it.
    const output: number[] = [];
    for (let o = 0; o < width; o++) output.push(outputs[at++] as number);
    sum += cost((samples[place] as Sample).output, output);
  }
  return sum;
}

function meanSquare(targets: FloatArray, outputs: FloatArray): number {
  let sum = 0;
  for (let i = 0; i < targets.length; i++) {
    const difference = (targets[i] as number) - (outputs[i] as number);
    sum += difference * difference;
  }
  return sum / targets.length;
}
