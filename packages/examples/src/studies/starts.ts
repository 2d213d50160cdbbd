import { computeMoments, layoutOf, type Start, varianceOf } from "@batchnorm/core";
import { batchNormStates } from "@batchnorm/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import { inputsOf, learner, type Modelled } from "../hosts/tfjs.ts";
import { batchNorm, drawLayers, sizesOf } from "../network.ts";
import { orderOf } from "../run.ts";
import { type Data, pixelsOf, type Samples, select } from "../samples.ts";
import { quantile } from "./last-inputs.ts";

/** How far running statistics were from those of all training samples at one time. */
export interface Distance {
  readonly start: Start;
  readonly step: number;
  /** |runningMean − mean| / deviation, the median of the first hidden layer's units. */
  readonly mean: number;
  /** runningVariance / variance, likewise. */
  readonly variance: number;
}

export const starts: readonly Start[] = ["zero-one", "first-batch", "debiased"];

/** The default, at which a start is felt for long. */
export const momentum = 0.99;

/**
 * Trains with running statistics that begin in each way. What a start is changes no training, so that all
 * see the same populations.
 */
export async function compareStarts(
  data: Data,
  { seed, batchSize, rate }: Record<"seed" | "batchSize" | "rate", number>,
  steps: readonly number[],
  onStep: (done: number) => void,
): Promise<Distance[]> {
  const layers = drawLayers(sizesOf(pixelsOf(data.train)), seed);
  const distances: Distance[] = [];
  for (const [i, start] of starts.entries()) {
    const network = learner({ layers, batchSize, rate }, { ...batchNorm, momentum, start });
    const order = orderOf(data.train.labels.length, seed);
    let done = 0;
    for (const step of steps) {
      const indices = Array.from({ length: (step - done) * batchSize }, () => order.next().value);
      await network.prepare(select(data.train, indices))();
      done = step;
      distances.push({ start, step, ...(await distanceOf(network, data.train)) });
      onStep(i * (steps.at(-1) ?? 0) + step);
    }
    network.dispose();
  }
  return distances;
}

async function distanceOf(
  { model }: Modelled,
  samples: Samples,
): Promise<Pick<Distance, "mean" | "variance">> {
  const [state] = await batchNormStates(model);
  const [dense] = model.layers;
  const [sums, units] = tf.tidy(() => {
    const y = dense?.apply(inputsOf(samples)) as tf.Tensor2D;
    return [y.dataSync() as Float32Array, y.shape[1]];
  });
  const population = computeMoments(sums, layoutOf([samples.labels.length, units], 1));
  const variance = varianceOf(population, "biased");
  const median = (value: (unit: number) => number): number =>
    quantile(Float64Array.from({ length: units }, (_, unit) => value(unit)).sort(), 0.5);
  const of = (values: ArrayLike<number> | null | undefined, unit: number): number =>
    values?.[unit] ?? Number.NaN;
  return {
    mean: median(
      (unit) =>
        Math.abs(of(state?.runningMean, unit) - of(population.mean, unit)) /
        Math.sqrt(of(variance, unit)),
    ),
    variance: median((unit) => of(state?.runningVariance, unit) / of(variance, unit)),
  };
}
