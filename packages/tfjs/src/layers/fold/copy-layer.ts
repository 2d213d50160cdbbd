import type { serialization } from "@tensorflow/tfjs-core";
import type { layers } from "@tensorflow/tfjs-layers";

/** A new layer of the same kind, without weights yet. */
export function copyLayer(layer: layers.Layer, changes: object): layers.Layer {
  const made = layer.constructor as serialization.SerializableConstructor<layers.Layer>;
  const config = { ...layer.getConfig(), ...forgotten(layer), ...changes };
  const copy = made.fromConfig(made, config as serialization.ConfigDict);
  // Initializers would only make what is overwritten.
  copy.setFastWeightInitDuringBuild(true);
  return copy;
}

/** What the configurations of TensorFlow.js 4.22 leave out, or have something else for. */
const forgets: Record<string, readonly string[]> = {
  Conv1D: ["dataFormat"],
  DepthwiseConv2D: ["depthwiseConstraint"],
  SeparableConv2D: ["depthMultiplier"],
};

function forgotten(layer: layers.Layer): object {
  const fields = forgets[layer.getClassName()] ?? [];
  return Object.fromEntries(fields.map((field) => [field, Reflect.get(layer, field)]));
}

/** How a layer is made that has taken over Batch Normalization. */
export const takesOver: object = {
  useBias: true,
  // They were for other numbers; a constraint would act as soon as the new ones are written.
  kernelConstraint: null,
  depthwiseConstraint: null,
  pointwiseConstraint: null,
  biasConstraint: null,
  kernelRegularizer: null,
  depthwiseRegularizer: null,
  pointwiseRegularizer: null,
  biasRegularizer: null,
};
