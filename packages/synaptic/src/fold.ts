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
    for (const [c, { from, kind = "dense", mask }] of (layer.connections ?? []).entries()) {
      const source = layers[from] as Layer;
      const weights = kind === "dense" ? matrices.readWeights(i + 1, c) : null;
      connect(source, made, (at) => {
        if (weights) return mask && mask[at] === 0 ? null : (weights[at] as number);
        return at % (source.size + 1) === 0 ? 1 : null;
      });
    }
  }
  const [input, ...hidden] = layers;
  const output = hidden.pop();
  return new synaptic.Network({ input: input as Layer, hidden, output: output as Layer });
}

/** Projects neuron by neuron, where there is a weight in [neurons, source neurons]. */
function connect(from: Layer, to: Layer, weightAt: (at: number) => number | null): void {
  for (const [i, source] of from.list.entries()) {
    for (const [j, neuron] of to.list.entries()) {
      const weight = weightAt(j * from.size + i);
      if (weight !== null) source.project(neuron as Neuron, weight);
    }
  }
}

function squashName({ activation = "identity" }: Graph["layers"][number]): SquashName {
  const names = Object.keys(activationNames) as SquashName[];
  return names.find((name) => activationNames[name] === activation) as SquashName;
}
