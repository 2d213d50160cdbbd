import { refuse } from "@batchnorm/core";
import type { Connection, Layer } from "./host.ts";

/**
 * The connections that a layer of Batch Normalization normalizes, one per neuron.
 *
 * @param name - What an error calls the layer.
 * @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` where a neuron has none, or more than one.
 */
export function inputsOf({ list }: Layer, name: string): Connection[] {
  return list.map(({ connections }, i) => {
    const [only, ...others] = Object.values(connections.inputs);
    if (!only) {
      const rule = `neuron ${i} of ${name} must have an input: say bn.after(layer), of a layer as large`;
      refuse("ERR_BATCHNORM_UNSUPPORTED", rule, "none");
    }
    if (others.length > 0) {
      const rule =
        `neuron ${i} of ${name} must have one input alone: say bn.after(layer), or ` +
        "layer.project(bn, Layer.connectionType.ONE_TO_ONE), since synaptic connects ALL_TO_ALL by default";
      refuse("ERR_BATCHNORM_UNSUPPORTED", rule, `${others.length + 1} inputs`);
    }
    return only;
  });
}
