import { BatchNormError, type BatchNormState, refuse } from "@batchnorm/core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { checkLayerState, loadLayerState, normLayersOf, readLayerState } from "./norm-layers.ts";

/**
 * The states of a model's Batch Normalization, ours and tfjs-layers's own, in the order in which data pass
 * the layers: plain JSON, which travels to other models and hosts.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` for what is no LayersModel.
 */
export function batchNormStates(model: LayersModel): Promise<BatchNormState[]> {
  // All are asked for before the first is awaited, so that no step comes between them.
  return Promise.all(normLayersOf(model).map(readLayerState));
}

/**
 * Takes states over into a model's layers, in their order; names may differ.
 *
 * @param states - One for each layer, as `batchNormStates` gives them.
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE` where their number is another, or one is malformed or does
 * not fit, with the layer's name; `ERR_BATCHNORM_OPTION`, `ERR_BATCHNORM_UNSUPPORTED`. Nothing is loaded then.
 */
export function loadBatchNormStates(model: LayersModel, states: readonly unknown[]): void {
  const layers = normLayersOf(model);
  if (!Array.isArray(states) || states.length !== layers.length) {
    const rule = `states must be an array of ${layers.length}, one for each layer`;
    refuse("ERR_BATCHNORM_STATE", rule, states);
  }
  const checked = layers.map((layer, i) =>
    naming(layer.name, () => checkLayerState(layer, states[i])),
  );
  for (const [i, layer] of layers.entries()) loadLayerState(layer, checked[i] as BatchNormState);
}

/** Says whose state is refused. */
function naming<T>(name: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof BatchNormError) || error.message.startsWith(name)) throw error;
    throw new BatchNormError(error.code, `${name}: ${error.message}`);
  }
}
