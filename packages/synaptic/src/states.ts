import { type BatchNormState, parseStateFor, refuse } from "@batchnorm/core";
import { requireIdle } from "./busy-networks.ts";
import { nameOf } from "./engine-graph.ts";
import { dropGeneratedCode, GraphMemory } from "./graph-memory.ts";
import type { NetworkLike, Synaptic } from "./host.ts";
import { wiringOf } from "./list-wiring.ts";
import type { Normalization } from "./normalization.ts";
import { requireNetwork } from "./require-host.ts";
import type { WiredLayer, Wiring } from "./wiring.ts";

type Normalized = WiredLayer & { readonly normalization: Normalization };

const normalizedOf = ({ layers }: Wiring): Normalized[] =>
  layers.filter((layer): layer is Normalized => layer.normalization !== null);

/**
 * The states of a network's layers of Batch Normalization, from the first to the last.
 *
 * @throws {BatchNormError} as BatchTrainer for the network.
 */
export function batchNormStates(synaptic: Synaptic, network: NetworkLike): BatchNormState[] {
  return normalizedOf(wiringOf(synaptic, network)).map((layer) =>
    layer.normalization.state(layer.name),
  );
}

/**
 * Takes states over, one per layer.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE` where one does not fit; `ERR_BATCHNORM_UNSUPPORTED` while it
 * trains; nothing is loaded then.
 */
export function loadBatchNormStates(
  synaptic: Synaptic,
  network: NetworkLike,
  states: readonly unknown[],
): void {
  requireIdle(network);
  const wiring = wiringOf(synaptic, network);
  const layers = normalizedOf(wiring);
  if (!Array.isArray(states) || states.length !== layers.length) {
    const rule = `states must be an array of ${layers.length}, one per layer of Batch Normalization`;
    refuse("ERR_BATCHNORM_STATE", rule, states?.length ?? states);
  }
  for (const [i, layer] of layers.entries()) requireFits(layer, states[i]);
  for (const [i, { normalization }] of layers.entries()) normalization.load(states[i]);
  publish(wiring);
}

/**
 * Makes statistics, gamma and beta stay as they are; synaptic's own Trainer then takes the network.
 *
 * @throws {BatchNormError} as BatchTrainer for the network, also while it trains.
 */
export function freezeBatchNorm(synaptic: Synaptic, network: NetworkLike): void {
  setFrozen(synaptic, network, true);
}

/** Undoes {@link freezeBatchNorm}. @throws as it does. */
export function unfreezeBatchNorm(synaptic: Synaptic, network: NetworkLike): void {
  setFrozen(synaptic, network, false);
}

function setFrozen(synaptic: Synaptic, like: NetworkLike, frozen: boolean): void {
  const network = requireNetwork(synaptic, like);
  requireIdle(network);
  const layers = normalizedOf(wiringOf(synaptic, network));
  for (const { normalization } of layers) normalization.frozen = frozen;
  // It holds a refusal, or none.
  dropGeneratedCode(network);
}

function publish(wiring: Wiring): void {
  const memory = new GraphMemory(wiring);
  for (const layer of normalizedOf(wiring)) memory.writeNormalization(layer);
  memory.finish();
}

function requireFits(layer: Normalized, state: unknown): void {
  const { normalization, neurons } = layer;
  const { gamma, beta } = normalization.state(layer.name);
  const fields = { gamma, beta, running: true, renorm: null };
  parseStateFor({ name: nameOf(layer), channels: neurons.length, ...fields }, state);
}
