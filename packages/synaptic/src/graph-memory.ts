import { refuse } from "@batchnorm/core";
import type { Connection, Network, Neuron, Optimized, Variables } from "./host.ts";
import type { Source, WiredLayer, Wiring } from "./wiring.ts";

/** Where generated code keeps a layer's numbers; −1 for what it does not know. */
interface Slots {
  readonly biases: Int32Array;
  readonly weights: readonly Int32Array[];
}

/** By the code and what was listed then: looking names up costs more than reading the numbers. */
const known = new WeakMap<
  Optimized,
  { readonly wiring: Wiring; readonly slots: readonly Slots[] }
>();

/**
 * A network's weights and biases where synaptic reads them: on its objects, and in the memory of its
 * generated code, which counts once there is one. So nothing needs to be restored or generated anew.
 */
export class GraphMemory {
  readonly #network: Network;
  readonly #optimized: Optimized | null;
  readonly #slots: readonly Slots[] | null;

  constructor(wiring: Wiring) {
    const { optimized } = wiring.network;
    this.#network = wiring.network;
    this.#optimized = optimized || null;
    this.#slots = optimized ? slotsOf(wiring, optimized) : null;
  }

  /** Reads the weights from one source into a matrix [neurons, source neurons], but for those that there are not. */
  readWeights(layer: WiredLayer, index: number, out: Float64Array): void {
    const { connections, at } = layer.sources[index] as Source;
    const slots = this.#slots?.[layer.place - 1]?.weights[index];
    const memory = this.#optimized?.memory;
    for (let i = 0; i < connections.length; i++) {
      const slot = slots ? (slots[i] as number) : -1;
      const { weight } = connections[i] as Connection;
      const value = slot >= 0 && memory ? (memory[slot] as number) : weight;
      if (!Number.isFinite(value)) refuseWeight(layer, connections[i] as Connection, value);
      out[at ? (at[i] as number) : i] = value;
    }
  }

  readBias(layer: WiredLayer, out: Float64Array): void {
    const slots = this.#slots?.[layer.place - 1]?.biases;
    const memory = this.#optimized?.memory;
    const { neurons } = layer;
    for (let i = 0; i < neurons.length; i++) {
      const { bias } = neurons[i] as Neuron;
      const slot = slots ? (slots[i] as number) : -1;
      const value = slot >= 0 && memory ? (memory[slot] as number) : bias;
      if (!Number.isFinite(value)) {
        const rule = `the bias of neuron ${i} of ${layer.name} must be finite: reset or reload the network`;
        refuse("ERR_BATCHNORM_NON_FINITE", rule, value);
      }
      out[i] = value;
    }
  }

  writeWeights(layer: WiredLayer, index: number, values: ArrayLike<number>): void {
    const { at } = layer.sources[index] as Source;
    this.#writeConnections(layer, index, values, at);
  }

  /** @param at - Where in `values` each connection's weight is; null for their own order. */
  #writeConnections(
    { sources, place }: WiredLayer,
    index: number,
    values: ArrayLike<number>,
    at: Uint32Array | null,
  ): void {
    const { connections } = sources[index] as Source;
    const slots = this.#slots?.[place - 1]?.weights[index];
    const memory = this.#optimized?.memory;
    for (let i = 0; i < connections.length; i++) {
      const connection = connections[i] as Connection;
      const value = values[at ? (at[i] as number) : i] as number;
      connection.weight = value;
      // synaptic's restore() makes it 0 where no neuron gates.
      if (connection.gain !== 1) connection.gain = 1;
      if (memory && slots && (slots[i] as number) >= 0) memory[slots[i] as number] = value;
    }
  }

  writeBias(layer: WiredLayer, values: ArrayLike<number>): void {
    const slots = this.#slots?.[layer.place - 1]?.biases;
    const memory = this.#optimized?.memory;
    const { neurons } = layer;
    for (let i = 0; i < neurons.length; i++) {
      const value = values[i] as number;
      (neurons[i] as Neuron).bias = value;
      if (memory && slots && (slots[i] as number) >= 0) memory[slots[i] as number] = value;
    }
  }

  /** Writes what Batch Normalization of a layer does at inference. */
  writeNormalization(layer: WiredLayer): void {
    if (!layer.normalization) return;
    const { k, s } = layer.normalization.map();
    this.#writeConnections(layer, 0, k, null);
    this.writeBias(layer, s);
  }

  /** Drops generated code that does not know all of the network: connections came after it. */
  finish(): void {
    const complete = this.#slots?.every(
      ({ biases, weights }) =>
        !biases.includes(-1) && weights.every((slots) => !slots.includes(-1)),
    );
    if (this.#network.optimized && !complete) this.#network.optimized.reset();
  }
}

/** Puts right what synaptic's restore() leaves: a gain of 0 where no neuron gates. */
export function healGains({ layers: { input, hidden, output } }: Network): void {
  for (const { list } of [input, ...hidden, output]) {
    for (const { connections } of list) {
      for (const connection of Object.values(connections.projected)) {
        if (connection.gater === null) connection.gain = 1;
      }
    }
  }
}

/** Brings all numbers to the objects and drops generated code. */
export function dropGeneratedCode(network: Network): void {
  const { optimized } = network;
  if (!optimized) return;
  network.restore();
  healGains(network);
  optimized.reset();
}

function slotsOf(wiring: Wiring, optimized: Optimized): readonly Slots[] {
  const before = known.get(optimized);
  if (before?.wiring === wiring) return before.slots;
  const { variables } = optimized.data;
  const slots = wiring.layers.map(({ neurons, sources }) => ({
    biases: Int32Array.from(neurons, ({ ID }) => slotOf(variables, `bias_${ID}`)),
    weights: sources.map(({ connections }) =>
      Int32Array.from(connections, ({ ID }) => slotOf(variables, `weight_${ID}`)),
    ),
  }));
  known.set(optimized, { wiring, slots });
  return slots;
}

const slotOf = (variables: Variables, key: string): number => variables[key]?.id ?? -1;

function refuseWeight({ name, neurons }: WiredLayer, { to }: Connection, value: number): never {
  const rule = `the weights of neuron ${neurons.indexOf(to as Neuron)} of ${name} must be finite: reset or reload the network`;
  refuse("ERR_BATCHNORM_NON_FINITE", rule, value);
}
