import { refuse } from "@batchnorm/core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { BatchNormLayer } from "./layer.ts";
import { normLayersOf } from "./norm-layers.ts";

/**
 * Freezes the Batch Normalization of a model: in training it runs as at inference, and gamma, beta and the
 * running statistics stay as they are. The other layers train on. A model that is compiled already need
 * not be compiled anew.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` for tfjs-layers's own layer, whose statistics move
 * although it is frozen, and for what is no LayersModel. Nothing is frozen then.
 */
export function freezeBatchNorm(model: LayersModel): void {
  const norms = normLayersOf(model);
  const stock = norms.find((layer) => !(layer instanceof BatchNormLayer));
  if (stock) {
    const rule =
      `${stock.name} must be a layer of @batchnorm/tfjs, since tfjs-layers's own moves its statistics ` +
      "although it is frozen";
    refuse("ERR_BATCHNORM_UNSUPPORTED", rule, stock.getClassName());
  }
  for (const layer of norms) layer.trainable = false;
}

/**
 * Lets the Batch Normalization of a model train again.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` for what is no LayersModel.
 */
export function unfreezeBatchNorm(model: LayersModel): void {
  for (const layer of normLayersOf(model)) layer.trainable = true;
}
