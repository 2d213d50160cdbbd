import type { Connection, Layer, Network, Neuron, Squash } from "./host.ts";
import type { Normalization } from "./normalization.ts";

/** A feed-forward network as it is connected. Place 0 is the input, place k the layer `layers[k − 1]`. */
export interface Wiring {
  readonly network: Network;
  readonly input: WiredInput;
  readonly layers: readonly WiredLayer[];
  /** Connections that there had ever been when it was listed. */
  readonly connectionsEver: number;
}

export interface WiredInput {
  readonly layer: Layer;
  readonly neurons: readonly Neuron[];
}

export interface WiredLayer extends WiredInput {
  readonly place: number;
  /** What errors and states call it: hidden[0], output. */
  readonly name: string;
  readonly squash: Squash;
  /** Null for a layer that sums. */
  readonly normalization: Normalization | null;
  /** By place, each once. */
  readonly sources: readonly Source[];
}

/** What a layer gets from one place. */
export interface Source {
  readonly from: number;
  readonly units: number;
  /** In the order of `at`. */
  readonly connections: readonly Connection[];
  /** Where each is in a matrix [neurons, source neurons], ascending; null when it fills that. */
  readonly at: Uint32Array | null;
}

/**
 * Whether a network is connected as it was when it was listed.
 *
 * @param connections - That there have ever been.
 * @param deletions - Whether to look at each connection: no method of synaptic's takes one away, and looking
 * costs a sixth of what training a thousand samples does.
 */
export function isCurrent(wiring: Wiring, connections: number, deletions: boolean): boolean {
  const { network, input, layers, connectionsEver } = wiring;
  const { hidden, output } = network.layers;
  // New ones may be another network's.
  if (connections !== connectionsEver || hidden.length + 1 !== layers.length) return false;
  if (!sameNeurons(network.layers.input, input, null)) return false;
  for (let i = 0; i < layers.length; i++) {
    const wired = layers[i] as WiredLayer;
    if (!sameNeurons(hidden[i] ?? output, wired, wired.squash)) return false;
  }
  return !deletions || layers.every(isWhole);
}

/** @param squash - Of all neurons; null for any. */
function sameNeurons(
  layer: Layer,
  { layer: before, neurons }: WiredInput,
  squash: Squash | null,
): boolean {
  const { list } = layer;
  if (layer !== before || list.length !== neurons.length) return false;
  for (let i = 0; i < neurons.length; i++) {
    const neuron = neurons[i] as Neuron;
    if (neuron !== list[i] || neuron.selfconnection.weight !== 0) return false;
    if (squash !== null && neuron.squash !== squash) return false;
    for (const _gated in neuron.connections.gated) return false;
  }
  return true;
}

const isWhole = ({ sources }: WiredLayer): boolean =>
  sources.every(({ connections }) => connections.every(isHeld));

const isHeld = (connection: Connection): boolean =>
  connection.gater === null && connection.to.connections.inputs[connection.ID] === connection;
