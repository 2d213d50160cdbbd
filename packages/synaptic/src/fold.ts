import {
  foldBatchNorm as foldNetwork,
  type Graph,
  type Network as Matrices,
} from "@batchnorm/minibatch";
import { Engine } from "./engine.ts";
import { activationNames } from "./engine-graph.ts";
import type { Layer, Network, NetworkLike, Neuron, SquashName, Synaptic } from "./host.ts";

/**
 * A stock network that answers as this one does, without layers of Batch Normalization: they go into the
 * weights and biases around them; where an activation stands between, one connection per neuron remains.
 *
 * @returns a new network; this one stays.
 * @throws {BatchNormError} as BatchTrainer for the network; `ERR_BATCHNORM_FOLD` where a variance and
 * epsilon are both 0.
 */
export function foldBatchNorm(synaptic: Synaptic, like: NetworkLike): Network {
  const engine = Engine.of(synaptic, like, 1);
  try {
    const folded = foldNetwork(engine.network);
    try {
      return networkOf(synaptic, folded);
    } finally {
      folded.dispose();
    }
  } finally {
    engine.dispose();
  }
}

function networkOf(synaptic: Synaptic, matrices: Matrices): Network {
  const { graph } = matrices;
  const layers = [new synaptic.Layer(graph.inputs)];
  for (const [i, layer] of graph.layers.entries()) {
    const made = new synaptic.Layer(layer.units);
    made.set({ squash: synaptic.Neuron.squash[squashName(layer)] });
    const bias = layer.bias ? matrices.readBias(i + 1) : new Float64Array(layer.units);
    // set() passes over a bias of 0.
    for (const [unit, neuron] of made.list.entries()) neuron.bias = bias[unit] as number;
    layers.push(made);
    for (const [from, weights] of weightsBySource(matrices, i + 1, layers)) {
      connect(layers[from] as Layer, made, weights);
    }
  }
  const [input, ...hidden] = layers;
  const output = hidden.pop();
  return new synaptic.Network({ input: input as Layer, hidden, output: output as Layer });
}

/** Weights [neurons, source neurons], null where there is no connection. */
type Weights = (number | null)[];

/**
 * The weights of a layer by what it reads. One that was folded away may leave two connections to the same
 * source: synaptic has one between two neurons at most, which then is their sum.
 */
function weightsBySource(
  matrices: Matrices,
  place: number,
  sources: readonly Layer[],
): Map<number, Weights> {
  const all = new Map<number, Weights>();
  const { units, connections } = matrices.graph.layers[place - 1] as Graph["layers"][number];
  for (const [c, { from, kind = "dense", mask }] of (connections ?? []).entries()) {
    const { size } = sources[from] as Layer;
    const dense = kind === "dense" ? matrices.readWeights(place, c) : null;
    const weights = all.get(from) ?? new Array<number | null>(units * size).fill(null);
    all.set(from, weights);
    for (const at of weights.keys()) {
      const connected = dense ? mask?.[at] !== 0 : at % (size + 1) === 0;
      if (connected) weights[at] = (weights[at] ?? 0) + (dense?.[at] ?? 1);
    }
  }
  return all;
}

/** Projects neuron by neuron. */
function connect(from: Layer, to: Layer, weights: Weights): void {
  for (const [i, source] of from.list.entries()) {
    for (const [j, neuron] of to.list.entries()) {
      const weight = weights[j * from.size + i] ?? null;
      if (weight !== null) source.project(neuron as Neuron, weight);
    }
  }
}

function squashName({ activation = "identity" }: Graph["layers"][number]): SquashName {
  const names = Object.keys(activationNames) as SquashName[];
  return names.find((name) => activationNames[name] === activation) as SquashName;
}
