import { refuse } from "@batchnorm/core";
import { type Optimizer, type ResolvedOptimizer, resolveOptimizer } from "./optimizer.ts";
import type { ResolvedGraph, ResolvedLayer } from "./resolved-graph.ts";

/** What a network's values are kept and computed in. */
export type NumberType = "float32" | "float64";

/**
 * What training makes small, of outputs a and targets t, summed over the outputs, averaged over the batch:
 *
 * - squared-error: `½ Σ (a − t)²`;
 * - cross-entropy: `−Σ t · ln a + (1 − t) · ln(1 − a)`, for sigmoid outputs alone; logarithms of less than
 *   1e-15 are taken of that, so that the loss of a saturated output is large and not infinite.
 */
export type Loss = "squared-error" | "cross-entropy";

/** How a network computes and learns. */
export interface NetworkOptions {
  /**
   * Default float32. Where WebAssembly cannot run, TypeScript computes in float64 whatever is asked.
   */
  readonly type?: NumberType | undefined;
  /** The most samples of a training step. An integer ≥ 1. */
  readonly batchSize: number;
  /** Default sgd without momentum. */
  readonly optimizer?: Optimizer | undefined;
  /** Default squared-error. */
  readonly loss?: Loss | undefined;
}

/** Options with nothing left open. */
export interface ResolvedNetworkOptions {
  readonly type: NumberType;
  readonly batchSize: number;
  readonly optimizer: ResolvedOptimizer;
  readonly loss: Loss;
}

const keys = ["type", "batchSize", "optimizer", "loss"];

/** @throws {BatchNormError} `ERR_BATCHNORM_OPTION` naming what is unknown or out of range. */
export function resolveNetworkOptions(options: NetworkOptions): ResolvedNetworkOptions {
  if (typeof options !== "object" || options === null) {
    refuse("ERR_BATCHNORM_OPTION", "options must be an object", options);
  }
  for (const key of Object.keys(options)) {
    if (keys.includes(key)) continue;
    refuse("ERR_BATCHNORM_OPTION", `an option must be one of ${keys.join(", ")}`, key);
  }
  const { type = "float32", batchSize, loss = "squared-error" } = options;
  if (type !== "float32" && type !== "float64") {
    refuse("ERR_BATCHNORM_OPTION", "type must be float32 or float64", type);
  }
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    refuse("ERR_BATCHNORM_OPTION", "batchSize must be an integer ≥ 1", batchSize);
  }
  if (loss !== "squared-error" && loss !== "cross-entropy") {
    refuse("ERR_BATCHNORM_OPTION", "loss must be squared-error or cross-entropy", loss);
  }
  return { type, batchSize, loss, optimizer: resolveOptimizer(options.optimizer) };
}

/**
 * The gradient that cross-entropy takes is that of a sigmoid and it together.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for other outputs.
 */
export function requireLossFor({ layers }: ResolvedGraph, { loss }: ResolvedNetworkOptions): void {
  const { activation } = layers.at(-1) as ResolvedLayer;
  if (loss !== "cross-entropy" || activation === "sigmoid") return;
  refuse("ERR_BATCHNORM_OPTION", "cross-entropy must have sigmoid outputs", activation);
}
