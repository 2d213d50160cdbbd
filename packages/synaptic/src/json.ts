import { type BatchNormState, optionsOfState, parseState, refuse } from "@batchnorm/core";
import { requireVersion } from "@batchnorm/core/checks";
import type { BatchNormLayerClass } from "./batch-norm-layer.ts";
import { healGains } from "./graph-memory.ts";
import type { Layer, Layers, Network, NetworkJSON, NetworkLike, Synaptic } from "./host.ts";
import { type Normalization, normalizationOf } from "./normalization.ts";
import { requireNetwork } from "./require-host.ts";

/** A network as JSON that synaptic's `Network.fromJSON` takes too, as it passes over `batchNorm`. */
export interface BatchNormJSON extends NetworkJSON {
  readonly batchNorm: {
    /** Of this format. */
    readonly version: 1;
    readonly layers: readonly NormalizedJSON[];
  };
}

/** A layer of Batch Normalization: which, and what the graph has no place for. */
export interface NormalizedJSON {
  /** The number of the hidden layer. */
  readonly layer: number | "output";
  readonly state: BatchNormState;
  readonly frozen: boolean;
  readonly onNonFinite: Normalization["options"]["onNonFinite"];
  readonly onSingleValue: Normalization["options"]["onSingleValue"];
}

/** @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` for another copy's network. */
export function toJSON(synaptic: Synaptic, like: NetworkLike): BatchNormJSON {
  const network = requireNetwork(synaptic, like);
  const json = synaptic.Network.prototype.toJSON.call(network);
  // It restores, and so takes the gains away.
  healGains(network);
  const { hidden, output } = network.layers;
  const all = [...hidden.map((layer, i) => [i, layer] as const), ["output", output] as const];
  const layers = all.flatMap(([place, layer]) => {
    const normalization = normalizationOf(layer);
    return normalization ? [entryOf(place, normalization)] : [];
  });
  return { ...json, batchNorm: { version: 1, layers } };
}

function entryOf(layer: number | "output", normalization: Normalization): NormalizedJSON {
  const { onNonFinite, onSingleValue } = normalization.options;
  const state = normalization.state(layer === "output" ? layer : `hidden[${layer}]`);
  return { layer, state, frozen: normalization.frozen, onNonFinite, onSingleValue };
}

/**
 * The layers of a network that was saved by {@link toJSON}, or by synaptic itself.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE` for what is malformed or does not fit together.
 */
export function layersOfJSON(
  synaptic: Synaptic,
  BatchNormLayer: BatchNormLayerClass,
  json: unknown,
): Layers {
  const { neurons, connections, batchNorm } = (json ?? {}) as Partial<BatchNormJSON>;
  if (!Array.isArray(neurons) || !Array.isArray(connections)) {
    refuse("ERR_BATCHNORM_STATE", "a saved network must have neurons and connections", json);
  }
  const entries = batchNorm === undefined ? [] : entriesOf(batchNorm);
  const network: Network = synaptic.Network.fromJSON(json);
  const { input, hidden, output } = network.layers;
  const adopted = new Map<Layer, Layer>();
  for (const [i, { layer, state, frozen, onNonFinite, onSingleValue }] of entries.entries()) {
    const name = `batchNorm.layers[${i}] of a saved network`;
    const stock = layer === "output" ? output : hidden[layer];
    if (stock?.size !== state.channels) {
      const rule = `${name} must be a layer of ${state.channels} neurons`;
      refuse("ERR_BATCHNORM_STATE", rule, stock ? stock.size : layer);
    }
    const options = { onNonFinite, onSingleValue, trainable: !frozen };
    const made = BatchNormLayer.adopt(stock, { ...unitOptions(state), ...options });
    normalizationOf(made)?.load(state);
    adopted.set(stock, made);
  }
  const layerOf = (layer: Layer): Layer => adopted.get(layer) ?? layer;
  return { input, hidden: hidden.map(layerOf), output: layerOf(output) };
}

function unitOptions(state: BatchNormState): Partial<Normalization["options"]> {
  const { trackRunningStatistics: _kept, renorm: _none, ...options } = optionsOfState(state);
  if (state.runningMean && !state.renorm) return options;
  const rule = `${state.name} of a saved network must have running statistics, and no renorm`;
  return refuse("ERR_BATCHNORM_STATE", rule, state.runningMean ? "renorm" : "no statistics");
}

function entriesOf(batchNorm: unknown): readonly NormalizedJSON[] {
  requireVersion("batchNorm of a saved network", batchNorm);
  const { layers } = batchNorm as Partial<BatchNormJSON["batchNorm"]>;
  if (!Array.isArray(layers)) {
    refuse(
      "ERR_BATCHNORM_STATE",
      "layers of batchNorm of a saved network must be an array",
      layers,
    );
  }
  return layers.map((entry: Partial<NormalizedJSON> | null, i) => {
    const { layer, frozen } = entry ?? {};
    const place = layer === "output" || (Number.isSafeInteger(layer) && (layer as number) >= 0);
    if (!place || typeof frozen !== "boolean") {
      const rule = `batchNorm.layers[${i}] of a saved network must name its layer, and whether it is frozen`;
      refuse("ERR_BATCHNORM_STATE", rule, place ? frozen : layer);
    }
    parseState(entry?.state);
    return entry as NormalizedJSON;
  });
}
