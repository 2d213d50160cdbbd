import type { BatchNormState } from "@batchnorm/core";
import { initialize, Network } from "@batchnorm/minibatch";
import { classes } from "./samples.ts";

/** What the paper trained on MNIST: three hidden layers of 100 sigmoid units. */
const hidden = [100, 100, 100];

export const sizesOf = (pixels: number): number[] => [pixels, ...hidden, classes];

/** Of every layer of Batch Normalization, in every host. */
export const batchNorm = { momentum: 0.9, epsilon: 1e-5, start: "debiased" } as const;

/** A dense layer's numbers, in float32: they are the same in every host. */
export interface Dense {
  readonly inputs: number;
  readonly units: number;
  /** Unit by unit: [units, inputs]. */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

/** A network that belongs to no host. */
export interface Carried {
  readonly layers: readonly Dense[];
  /** Of the hidden layers; none without Batch Normalization. */
  readonly states: readonly BatchNormState[];
}

/** First weights by Glorot and Bengio, which only the seed decides; biases are 0. */
export function drawLayers(sizes: readonly number[], seed: number): Dense[] {
  const [inputs = 0, ...units] = sizes;
  const layers = units.map((count) => ({ units: count }));
  const network = new Network({ inputs, layers }, { type: "float32", batchSize: 1 });
  initialize(network, { kind: "glorot" }, seed);
  const drawn = network.toState().layers;
  network.dispose();
  return drawn.map(({ weights: [weights] }, i) => ({
    inputs: sizes[i] as number,
    units: sizes[i + 1] as number,
    weights: Float32Array.from(weights ?? []),
    bias: new Float32Array(sizes[i + 1] as number),
  }));
}
