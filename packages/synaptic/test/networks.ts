import { createBatchNorm, type Network, type Sample } from "@batchnorm/synaptic";
import synaptic from "synaptic";
import { uniforms } from "./random.ts";

const { Layer, Neuron } = synaptic;
export const api = createBatchNorm(synaptic);
const { BatchNormLayer, BatchNormNetwork, BatchNormPerceptron, BatchTrainer } = api;
const { IDENTITY, RELU, TANH } = Neuron.squash;

/** Three classes in turn, told apart by features of sizes from 0.01 to 1000. */
export function classes(seed: string, count: number): Sample[] {
  const noise = uniforms(seed, 4 * count);
  return Array.from({ length: count }, (_, i) => ({
    input: [0, 1, 2, 3].map((f) => {
      const value = (noise[4 * i + f] ?? 0) + (i % 3 === f ? 1.2 : 0);
      return [1, 100, 0.01, 10][f]! * value + [0, 500, 0, -30][f]!;
    }),
    output: [0, 1, 2].map((k) => Number(i % 3 === k)),
  }));
}

/** The same at one scale. */
export function scaledClasses(seed: string, count: number): Sample[] {
  return classes(seed, count).map(({ input, output }) => ({
    input: Array.from(input, (x, f) => (x - [0, 500, 0, -30][f]!) / [1, 100, 0.01, 10][f]! - 0.7),
    output,
  }));
}

export const inputsOf = (set: readonly Sample[]): number[][] =>
  set.map(({ input }) => Array.from(input));

export const accuracy = (network: Network, set: readonly Sample[]): number =>
  set.filter(({ input, output }) => {
    const y = network.activate(input);
    return y.indexOf(Math.max(...y)) === Array.from(output).indexOf(1);
  }).length / set.length;

/** Networks of four inputs and three outputs, of every shape that Batch Normalization may have. */
export const networks: Readonly<Record<string, () => Network>> = {
  "a perceptron of normalized inputs": () =>
    new BatchNormPerceptron(4, 8, 6, 3, { normalizeInputs: true, seed: 1 }),

  "after an activation, and before RELU": () => {
    const input = new Layer(4);
    const output = new Layer(3);
    const logistic = new Layer(8);
    input.project(logistic);
    const after = new BatchNormLayer(8).after(logistic);
    const sums = new Layer(6).set({ squash: IDENTITY });
    after.project(sums);
    const before = new BatchNormLayer(6, { squash: RELU, scale: false }).after(sums);
    before.project(output);
    const hidden = [logistic, after, sums, before];
    return started(new BatchNormNetwork({ input, hidden, output }));
  },

  "normalized inputs, and the inputs themselves": () => {
    const input = new Layer(4);
    const output = new Layer(3);
    const scaled = new BatchNormLayer(4).after(input);
    scaled.project(output);
    input.project(output);
    return started(new BatchNormNetwork({ input, hidden: [scaled], output }));
  },

  "skip connections, sparse projections and sums that two layers read": () => {
    const input = new Layer(4);
    const output = new Layer(3);
    const sums = new Layer(5).set({ squash: IDENTITY });
    // All but a few: neuron 0 reads one input alone.
    for (const [i, from] of input.list.entries()) {
      for (const [j, to] of sums.list.entries()) if (j > 0 || i === 2) from.project(to);
    }
    const bn = new BatchNormLayer(5, { squash: TANH, center: false, epsilon: 1e-3 }).after(sums);
    const next = new Layer(4).set({ squash: TANH });
    bn.project(next);
    sums.project(next);
    next.project(output);
    input.project(output);
    return started(new BatchNormNetwork({ input, hidden: [sums, bn, next], output }));
  },

  "the output normalized": () => {
    const input = new Layer(4);
    const sums = new Layer(3).set({ squash: IDENTITY });
    input.project(sums);
    const output = new BatchNormLayer(3, { squash: Neuron.squash.LOGISTIC }).after(sums);
    return started(new BatchNormNetwork({ input, hidden: [sums], output }));
  },

  "no Batch Normalization": () => started(new synaptic.Architect.Perceptron(4, 6, 3)),
};

function started<N extends Network>(network: N): N {
  api.initialize(network, { kind: "glorot" }, 3);
  return network;
}

/** Trained a little, so that nothing is as it was at first. */
export function trained(make: () => Network): Network {
  const network = make();
  new BatchTrainer(network, { rate: 0.1, batchSize: 16 }).train(scaledClasses("train", 60), {
    iterations: 5,
    error: 0,
  });
  return network;
}

/** Everything that synaptic would save of a network. */
export const snapshot = (network: Network): string => JSON.stringify(api.toJSON(network));

/** The largest difference. */
export const difference = (a: readonly number[][], b: readonly number[][]): number =>
  Math.max(...a.flatMap((row, i) => row.map((value, k) => Math.abs(value - (b[i]?.[k] ?? NaN)))));
