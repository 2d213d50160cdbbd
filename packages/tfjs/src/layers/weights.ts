import { refuse } from "@batchnorm/core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayerVariable } from "@tensorflow/tfjs-layers";

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
    const { shape } = given[i] as Tensor;
    if (String(shape) !== String(weight.shape)) {
      const rule = `${layer}: ${nameOf(weight)} must have the shape [${weight.shape}]`;
      refuse("ERR_BATCHNORM_SHAPE", rule, shape);
    }
  }
}

/** `gamma` of `batch_norm_BatchNorm1/gamma`. */
const nameOf = (weight: LayerVariable): string =>
  (weight.originalName ?? weight.name).replace(/.*\//, "");
