import {
  type Cost,
  type Graph,
  initialize,
  Network,
  type NetworkOptions,
  type TrainingData,
} from "@batchnorm/minibatch";

import { normals, uniforms } from "./random.ts";

/** A network with seeded weights. */
export function seeded(graph: Graph, options: NetworkOptions, seed = 1): Network {
  const network = new Network(graph, options);
  initialize(network, { kind: "glorot" }, seed);
  return network;
}

/** A cost, which is asked after each step: a trainer with it makes one step at a time, by `network.step`. */
export const stepByStep: Cost = () => 0;

/** Four samples that no single layer can tell apart. */
export const xor: TrainingData = {
  inputs: [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ],
  targets: [[0], [1], [1], [0]],
};

/** 2-8-1, sigmoid. */
export const xorGraph: Graph = {
  inputs: 2,
  layers: [
    { units: 8, activation: "sigmoid" },
    { units: 1, activation: "sigmoid" },
  ],
};

/** Numbers in [−1, 1) of any shape, for nets whose learning does not matter. */
export function noise(seed: string, samples: number, fields: number): number[][] {
  const values = uniforms(seed, samples * fields);
  return Array.from({ length: samples }, (_, i) =>
    Array.from(values.subarray(i * fields, (i + 1) * fields), (value) => 2 * value - 1),
  );
}

/** 4-6-6-2 with Batch Normalization and a skip connection. */
export const deepGraph: Graph = {
  inputs: 4,
  layers: [
    { units: 6, batchNorm: true, activation: "sigmoid" },
    { units: 6, batchNorm: true, activation: "relu" },
    { units: 2, connections: [{ from: 2 }, { from: 1 }], activation: "sigmoid" },
  ],
};

/** 4-5-7-2, otherwise the same: odd numbers of units leave room in vectors. */
export const oddGraph: Graph = {
  inputs: 4,
  layers: deepGraph.layers.map((layer, i) => ({ ...layer, units: [5, 7, 2][i] as number })),
};

/**
 * Three classes in turn, told apart by features whose sizes lie seven powers of ten apart: around
 * 17000 ± 300, and around 1e-3.
 */
export function threeClasses(seed: string, samples: number): TrainingData {
  const deviates = normals(seed, 2 * samples);
  const classes = Array.from({ length: samples }, (_, i) => i % 3);
  return {
    inputs: classes.map((k, i) => [
      17000 + 300 * ((k === 1 ? 1.5 : -0.75) + 0.4 * (deviates[2 * i] ?? NaN)),
      1e-3 * (1 + 0.3 * ((k === 2 ? 1.5 : -0.75) + 0.4 * (deviates[2 * i + 1] ?? NaN))),
    ]),
    targets: classes.map((k) => [0, 1, 2].map((other) => Number(other === k))),
  };
}
