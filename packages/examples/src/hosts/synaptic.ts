import { createBatchNorm, type Network, type Layer as SynapticLayer } from "@batchnorm/synaptic";
import synaptic from "synaptic";
import { batchNorm, type Carried, type Dense } from "../network.ts";
import { pairsOf, type Samples } from "../samples.ts";
import type { Host, Learner, Start } from "./host.ts";

const { BatchNormPerceptron, BatchTrainer, ...verbs } = createBatchNorm(synaptic);

export const synapticHost: Host = {
  name: "synaptic",
  title: "synaptic",
  // Its default, and that of TensorFlow.js: the two follow one rule.
  rates: { without: 0.1, with: 0.5 },
  stockStep: 1,
  without: stock,
  with: ours,
};

/** A network with Batch Normalization from elsewhere. */
export function fromCarried({ layers, states }: Carried): Network {
  const network = withLayers(layers);
  verbs.loadBatchNormStates(network, states);
  return network;
}

/** What {@link fromCarried} takes. */
export function carriedOf(network: Network): Carried {
  return {
    states: verbs.batchNormStates(network),
    layers: denseOf(network).map(({ list }) => {
      const [first] = list;
      const inputs = Object.keys(first?.connections.inputs ?? {}).length;
      const weights = list.flatMap(({ connections }) =>
        Object.values(connections.inputs).map(({ weight }) => weight),
      );
      const bias = Float32Array.from(list, (neuron) => neuron.bias);
      return { inputs, units: list.length, weights: Float32Array.from(weights), bias };
    }),
  };
}

export const predict = (network: Network, samples: Samples): number[][] =>
  verbs.predictBatch(
    network,
    pairsOf(samples).map(({ input }) => input),
  );

function ours({ layers, batchSize, rate }: Start): Learner {
  const network = withLayers(layers);
  const trainer = new BatchTrainer(network, {
    ...{ rate, batchSize, iterations: 1, error: 0 },
    // The order is the same for all hosts.
    shuffle: false,
  });
  return {
    prepare(samples) {
      const set = pairsOf(samples);
      return () => void trainer.train(set);
    },
    predict: (samples) => predict(network, samples),
    dispose() {},
  };
}

function stock({ layers, rate }: Start): Learner {
  const sizes = [(layers[0] as Dense).inputs, ...layers.map(({ units }) => units)];
  const network = new synaptic.Architect.Perceptron(...sizes);
  begin([...network.layers.hidden, network.layers.output], layers);
  const trainer = new synaptic.Trainer(network);
  return {
    prepare(samples) {
      const set = pairsOf(samples);
      // An error of 0 counts as none given, and as 0.005.
      return () => void trainer.train(set, { iterations: 1, error: 1e-30, rate });
    },
    // What network.activate gives, in a hundredth of the time.
    predict: (samples) => predict(network, samples),
    dispose() {},
  };
}

function withLayers(layers: readonly Dense[]): Network {
  const sizes = [(layers[0] as Dense).inputs, ...layers.map(({ units }) => units)];
  const network = new BatchNormPerceptron(...sizes, { ...batchNorm });
  begin(denseOf(network), layers);
  return network;
}

/** The layers that have weights: each but the last is followed by its Batch Normalization. */
const denseOf = ({ layers: { hidden, output } }: Network): SynapticLayer[] => [
  ...hidden.filter((_, i) => i % 2 === 0),
  output,
];

/** Gives layers their first weights. A neuron's inputs are in the order in which they were projected. */
function begin(neurons: readonly SynapticLayer[], layers: readonly Dense[]): void {
  for (const [i, { inputs, weights, bias }] of layers.entries()) {
    for (const [unit, neuron] of (neurons[i] as SynapticLayer).list.entries()) {
      neuron.bias = bias[unit] as number;
      for (const [k, connection] of Object.values(neuron.connections.inputs).entries()) {
        connection.weight = weights[unit * inputs + k] as number;
      }
    }
  }
}
