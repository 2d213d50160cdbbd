import { batchNormStates, loadBatchNormStates, withBatchNorm } from "@batchnorm/brain";
import { NeuralNetwork } from "brain.js";
import { batchNorm, type Carried, type Dense } from "../network.ts";
import { pairsOf } from "../samples.ts";
import type { Host, Learner } from "./host.ts";

const BatchNormNetwork = withBatchNorm(NeuralNetwork<number[], number[]>);
type Stock = NeuralNetwork<number[], number[]>;
type Ours = InstanceType<typeof BatchNormNetwork>;

export const brain: Host = {
  name: "brain",
  title: "brain.js",
  // Its default, and what was quickest of a few.
  rates: { without: 0.3, with: 0.9 },
  stockStep: 1,
  without: ({ layers, rate }) => learner(begin(new NeuralNetwork(options(layers)), layers), rate),
  with: ({ layers, batchSize, rate }) => learner(withLayers(layers, batchSize), rate),
};

/** A network with Batch Normalization from elsewhere. */
export function fromCarried({ layers, states }: Carried): Ours {
  const net = withLayers(layers, 2);
  loadBatchNormStates(net, states);
  return net;
}

/** What {@link fromCarried} takes: the weights as they are beneath the folded ones that `net.weights` has. */
export function carriedOf(net: Ours): Carried {
  const raw = net.toJSON().batchNorm.network?.layers ?? [];
  const sizes = net.sizes;
  return {
    states: batchNormStates(net),
    layers: raw.map(({ weights: [weights], bias }, i) => ({
      inputs: sizes[i] as number,
      units: sizes[i + 1] as number,
      weights: Float32Array.from(weights ?? []),
      bias: bias ? Float32Array.from(bias) : new Float32Array(sizes[i + 1] as number),
    })),
  };
}

const options = (layers: readonly Dense[]) => ({
  hiddenLayers: layers.slice(0, -1).map(({ units }) => units),
  activation: "sigmoid" as const,
});

const withLayers = (layers: readonly Dense[], batchSize: number): Ours =>
  begin(
    new BatchNormNetwork({
      ...options(layers),
      // The order is the same for all hosts.
      batchNorm: { ...batchNorm, batchSize, shuffle: false, seed: 0 },
    }),
    layers,
  );

/** Gives a network its first weights. */
function begin<Net extends Stock>(net: Net, layers: readonly Dense[]): Net {
  net.sizes = [(layers[0] as Dense).inputs, ...layers.map(({ units }) => units)];
  net.initialize();
  for (const [i, { inputs, units, weights, bias }] of layers.entries()) {
    (net.biases[i + 1] as Float32Array).set(bias);
    for (let unit = 0; unit < units; unit++) {
      const row = net.weights[i + 1]?.[unit] as Float32Array;
      row.set(weights.subarray(unit * inputs, (unit + 1) * inputs));
    }
  }
  return net;
}

function learner(net: Stock, learningRate: number): Learner {
  return {
    prepare(samples) {
      const set = pairsOf(samples);
      // 0 counts as no threshold given.
      return () => void net.train(set, { iterations: 1, errorThresh: 1e-30, learningRate });
    },
    predict: (samples) => pairsOf(samples).map(({ input }) => net.run(input)),
    dispose() {},
  };
}
