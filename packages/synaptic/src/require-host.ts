import { refuse } from "@batchnorm/core";
import type { Layer, LayerLike, Network, NetworkLike, Synaptic } from "./host.ts";

const otherCopy =
  "another copy of synaptic knows other classes; give createBatchNorm the copy that";

/** @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for what is not synaptic. */
export function requireSynaptic(value: object): Synaptic {
  const synaptic = value as Partial<Synaptic> | null;
  for (const name of ["Neuron", "Layer", "Network", "Trainer"] as const) {
    if (typeof synaptic?.[name] === "function") continue;
    const rule = `synaptic must have ${name}: it is what import synaptic from "synaptic" gives`;
    refuse("ERR_BATCHNORM_OPTION", rule, synaptic?.[name] ?? synaptic);
  }
  return value as Synaptic;
}

/** @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` for what is no network of this copy's. */
export function requireNetwork({ Network }: Synaptic, network: NetworkLike): Network {
  if (!(network instanceof Network)) {
    const rule = `network must be a Network of the synaptic given to createBatchNorm; ${otherCopy} made the network`;
    refuse("ERR_BATCHNORM_UNSUPPORTED", rule, network);
  }
  return network as Network;
}

/** @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` for what is no layer of this copy's. */
export function requireLayer({ Layer }: Synaptic, layer: LayerLike): Layer {
  if (!(layer instanceof Layer)) {
    const rule = `layer must be a Layer of the synaptic given to createBatchNorm; ${otherCopy} made the layer`;
    refuse("ERR_BATCHNORM_UNSUPPORTED", rule, layer);
  }
  return layer as Layer;
}
