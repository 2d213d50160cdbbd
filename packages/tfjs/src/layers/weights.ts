import { refuse } from "@batchnorm/core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayerVariable } from "@tensorflow/tfjs-layers";
import { requireShape } from "../view.ts";

/** @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` naming the weight that a tensor does not fit. */
export function requireWeights(
  layer: string,
  weights: readonly LayerVariable[],
  given: readonly Tensor[],
): void {
  if (given.length !== weights.length) {
    const names = weights.map(nameOf).join(", ");
    refuse("ERR_BATCHNORM_SHAPE", `${layer}: the weights must be ${names}`, given.length);
  }
  for (const [i, weight] of weights.entries()) {
    requireShape(`${layer}: ${nameOf(weight)}`, given[i] as Tensor, weight.shape);
  }
}

/** `gamma` of `batch_norm_BatchNorm1/gamma`. */
const nameOf = (weight: LayerVariable): string =>
  (weight.originalName ?? weight.name).replace(/.*\//, "");
