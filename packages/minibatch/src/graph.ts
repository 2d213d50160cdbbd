import type { BatchNormOptions } from "@batchnorm/core";

/**
 * A feed-forward graph. Place 0 is the input, place k the layer `layers[k − 1]`; the last layer is the
 * output.
 */
export interface Graph {
  /** Features of a sample. */
  readonly inputs: number;
  readonly layers: readonly Layer[];
}

/** `activation(BN(Σ over connections + bias))`. */
export interface Layer {
  readonly units: number;
  /** What feeds it; a dense connection from the place before when absent. */
  readonly connections?: readonly Connection[] | undefined;
  /** Whether it has a bias. Default: it has, unless it has Batch Normalization, whose beta is one. */
  readonly bias?: boolean | undefined;
  /** Batch Normalization before the activation. `axis` and what else a layer of units has not is refused. */
  readonly batchNorm?: BatchNormOptions | boolean | undefined;
  /** Default identity. */
  readonly activation?: Activation | undefined;
  /** The slope of leaky-relu below 0. Default 0.01, as brain.js has it. */
  readonly leak?: number | undefined;
}

/** What one place gives another. */
export interface Connection {
  /** The place it comes from, before the layer's own. */
  readonly from: number;
  /** `dense`: weights · activations; `identity`: the activations themselves, of equal size. Default dense. */
  readonly kind?: "dense" | "identity" | undefined;
  /** Which weights of a dense connection exist, [units, source units]: 1, or 0 for one that stays 0. */
  readonly mask?: ArrayLike<number> | undefined;
}

/**
 * As brain.js and synaptic define them:
 *
 * - sigmoid 1/(1 + e^−x), derivative y(1 − y); tanh, 1 − y²; identity, 1;
 * - relu max(0, x), derivative 1 above 0, else 0; leaky-relu x above 0, else leak · x, derivative likewise;
 * - step 1 above 0, else 0, derivative 1: synaptic's HLIM, which learns as identity does.
 */
export type Activation = "identity" | "sigmoid" | "tanh" | "relu" | "leaky-relu" | "step";
