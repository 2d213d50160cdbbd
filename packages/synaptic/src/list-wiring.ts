import { refuse } from "@batchnorm/core";
import { inputsOf } from "./batch-norm-inputs.ts";
import type { Connection, Layer, Network, NetworkLike, Neuron, Squash, Synaptic } from "./host.ts";
import { normalizationOf } from "./normalization.ts";
import { requireNetwork } from "./require-host.ts";
import { isCurrent, type Source, type WiredLayer, type Wiring } from "./wiring.ts";

/** Listing costs as much as training hundreds of samples: what was listed is kept. */
const listed = new WeakMap<Network, Wiring>();

/**
 * How a network is connected, if it is feed-forward.
 *
 * @param deletions - Whether connections may have been deleted by hand since it was listed.
 * @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` naming layer and neuron, for every other topology
 * and what no batch can be computed with; `ERR_BATCHNORM_SHAPE` for Batch Normalization of another size.
 */
export function wiringOf(synaptic: Synaptic, like: NetworkLike, deletions = true): Wiring {
  const network = requireNetwork(synaptic, like);
  const { connections } = synaptic.Neuron.quantity();
  const before = listed.get(network);
  if (before && isCurrent(before, connections, deletions)) return before;
  const wiring = { ...list(synaptic, network), connectionsEver: connections };
  listed.set(network, wiring);
  return wiring;
}

interface Place {
  readonly place: number;
  readonly index: number;
}

function list(synaptic: Synaptic, network: Network): Omit<Wiring, "connectionsEver"> {
  const { input, hidden, output } = network.layers;
  const all = [input, ...hidden, output];
  const names = ["input", ...hidden.map((_, i) => `hidden[${i}]`), "output"];
  const places = new Map<Neuron, Place>();
  for (const [place, layer] of all.entries()) {
    const name = names[place] as string;
    if (!layer?.list?.length) {
      const rule = `${name} must be a layer of one neuron or more`;
      refuse("ERR_BATCHNORM_UNSUPPORTED", rule, layer ? "an empty one" : layer);
    }
    for (const [index, neuron] of layer.list.entries()) {
      requireOnce(places, neuron, `neuron ${index} of ${name}`);
      places.set(neuron, { place, index });
    }
  }
  for (const [place, layer] of all.entries()) {
    requireStateless(layer, names[place] as string, place === 0);
  }
  const wire = (layer: Layer, place: number): WiredLayer => {
    const name = names[place] as string;
    const squash = squashOf(synaptic, layer, name);
    const sources = sourcesOf(layer, place, { all, names, places });
    const normalization = normalizationOf(layer);
    if (normalization) requireNormalizable(layer, name, sources);
    else requireFed(layer, name);
    if (layer !== output) requireFeeding(layer, name);
    return {
      ...{ layer, neurons: [...layer.list], place, name },
      ...{ squash, normalization, sources },
    };
  };
  return {
    network,
    input: { layer: input, neurons: [...input.list] },
    layers: all.slice(1).map((layer, i) => wire(layer, i + 1)),
  };
}

function requireOnce(places: ReadonlyMap<Neuron, Place>, neuron: Neuron, name: string): void {
  const { place, index } = places.get(neuron) ?? {};
  if (place === undefined) return;
  const rule = `${name} must be in one layer alone: give each layer neurons of its own`;
  refuse("ERR_BATCHNORM_UNSUPPORTED", rule, `neuron ${index} of layer ${place} again`);
}

const recurrent =
  "what a batch normalizes by differs at every time step; train recurrent networks " +
  "by synaptic's own Trainer, without Batch Normalization";

/** Refuses neurons that remember, or that gate others: LSTM, Liquid, Hopfield. */
function requireStateless({ list }: Layer, name: string, isInput: boolean): void {
  for (const [i, neuron] of list.entries()) {
    const where = `neuron ${i} of ${name}`;
    if (neuron.selfconnected()) {
      const rule = `${where} must not be connected to itself: ${recurrent}`;
      refuse("ERR_BATCHNORM_UNSUPPORTED", rule, "a self-connection");
    }
    const gated = Object.keys(neuron.connections.gated).length;
    if (gated > 0) {
      const rule = `${where} must not gate a connection: a product of neurons is no layer of sums; ${recurrent}`;
      refuse("ERR_BATCHNORM_UNSUPPORTED", rule, `${gated} gated connections`);
    }
    const inputs = isInput ? Object.keys(neuron.connections.inputs).length : 0;
    if (inputs > 0) {
      const rule = `${where} must have no connection into it, which synaptic would not read: ${recurrent}`;
      refuse("ERR_BATCHNORM_UNSUPPORTED", rule, `${inputs} connections`);
    }
  }
}

/** The function of all of a layer's neurons. */
function squashOf({ Neuron }: Synaptic, { list }: Layer, name: string): Squash {
  const { squash } = list[0] as Neuron;
  const known = Object.entries(Neuron.squash);
  const nameOf = (one: Squash): string =>
    known.find(([, other]) => other === one)?.[0] ?? "a function of one's own";
  for (const [i, neuron] of list.entries()) {
    if (!known.some(([, other]) => other === neuron.squash)) {
      const rule =
        `neuron ${i} of ${name} must have a squash of Neuron.squash: synaptic's generated code ` +
        "passes over any other";
      refuse("ERR_BATCHNORM_UNSUPPORTED", rule, nameOf(neuron.squash));
    }
    if (neuron.squash === squash) continue;
    const rule = `neuron ${i} of ${name} must have the squash of neuron 0, ${nameOf(squash)}: make two layers of it`;
    refuse("ERR_BATCHNORM_UNSUPPORTED", rule, nameOf(neuron.squash));
  }
  return squash;
}

interface Surroundings {
  readonly all: readonly Layer[];
  readonly names: readonly string[];
  readonly places: ReadonlyMap<Neuron, Place>;
}

function sourcesOf({ list }: Layer, place: number, { all, names, places }: Surroundings): Source[] {
  const grids = new Map<number, (Connection | undefined)[]>();
  for (const [unit, neuron] of list.entries()) {
    const where = `neuron ${unit} of ${names[place]}`;
    for (const connection of Object.values(neuron.connections.inputs)) {
      const source = places.get(connection.from);
      if (!source) {
        const rule = `${where} must be connected to neurons of its own network: put all layers into one Network`;
        refuse("ERR_BATCHNORM_UNSUPPORTED", rule, "one of another");
      }
      if (connection.gater) {
        const rule = `${where} must have no gated input: a product of neurons is no layer of sums; ${recurrent}`;
        refuse("ERR_BATCHNORM_UNSUPPORTED", rule, "one from a gate");
      }
      const from = source.place;
      if (from >= place) {
        const how = from === place ? "within its layer" : `from ${names[from]}, a later layer`;
        const rule = `${where} must be connected to layers before its own: ${recurrent}, or list hidden layers in the order they feed`;
        refuse("ERR_BATCHNORM_UNSUPPORTED", rule, `a connection ${how}`);
      }
      const units = (all[from] as Layer).list.length;
      const grid = grids.get(from) ?? new Array(list.length * units).fill(undefined);
      grids.set(from, grid);
      grid[unit * units + source.index] = connection;
    }
  }
  return [...grids.keys()]
    .sort((a, b) => a - b)
    .map((from) => sourceOf(from, (all[from] as Layer).list.length, grids.get(from) ?? []));
}

function sourceOf(from: number, units: number, grid: readonly (Connection | undefined)[]): Source {
  const connections = grid.filter((connection) => connection !== undefined);
  if (connections.length === grid.length) return { from, units, connections, at: null };
  const at = Uint32Array.from(grid.flatMap((connection, i) => (connection ? [i] : [])));
  return { from, units, connections, at };
}

/** Without an input, generated code takes a neuron for one of the input layer. */
function requireFed({ list }: Layer, name: string): void {
  const i = list.findIndex(({ connections }) => Object.keys(connections.inputs).length === 0);
  if (i < 0) return;
  const rule = `neuron ${i} of ${name} must have an input, or synaptic's generated code takes it for one of the input layer: project a layer before it to it`;
  refuse("ERR_BATCHNORM_UNSUPPORTED", rule, "none");
}

/** With nothing behind it, generated code takes a neuron for one of the output layer. */
function requireFeeding({ list }: Layer, name: string): void {
  const i = list.findIndex(({ connections }) => Object.keys(connections.projected).length === 0);
  if (i < 0) return;
  const rule = `neuron ${i} of ${name} must feed a layer behind it, or synaptic's generated code takes it for one of the output layer: project it, or leave it out`;
  refuse("ERR_BATCHNORM_UNSUPPORTED", rule, "none that it feeds");
}

/** Each neuron normalizes the neuron of the same place in one layer as large. */
function requireNormalizable(layer: Layer, name: string, sources: readonly Source[]): void {
  inputsOf(layer, name);
  const [source, ...others] = sources as [Source, ...Source[]];
  const size = layer.list.length;
  if (others.length > 0 || source.units !== size) {
    const rule = `${name}, a BatchNormLayer of ${size}, must follow one layer of as many neurons: say bn.after(layer)`;
    const received = others.length > 0 ? `${sources.length} layers` : source.units;
    refuse("ERR_BATCHNORM_SHAPE", rule, received);
  }
  const crossed = (source.at ?? new Uint32Array(1)).findIndex((at, i) => at !== i * (size + 1));
  if (crossed < 0) return;
  const rule = `neuron ${crossed} of ${name} must normalize neuron ${crossed} of the layer before it: say bn.after(layer)`;
  refuse("ERR_BATCHNORM_UNSUPPORTED", rule, `neuron ${(source.at?.[crossed] ?? 0) % size}`);
}
