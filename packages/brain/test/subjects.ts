import { batchNormStates, loadBatchNormStates, withBatchNorm } from "@batchnorm/brain";
import { batchNormLayers } from "@batchnorm/brain/feed-forward";
import type { Feature, Subject, SubjectLayer } from "@batchnorm/conformance";
import {
  type BatchNormOptions,
  type BatchNormState,
  type FloatArray,
  refuse,
} from "@batchnorm/core";
import { engineOf } from "../src/session.ts";
import { type Brain, brain2, type NetClass } from "./hosts.ts";

/**
 * What Batch Normalization of a network's units can be asked for; of tensors of a higher rank, the rows are
 * its samples. brain.js keeps float32, and what is not finite is refused before it gets anywhere.
 */
const ofNetworks: readonly Feature[] = [
  "rank",
  "affine",
  "unbiased",
  "first-batch",
  "debiased",
  "cumulative",
  "frozen",
  "non-finite-throw",
  "single-value",
];

/** The most samples of a case. */
const batchSize = 1024;

/** How a number that the activation would cut off gets through a layer of outputs. */
interface Passage {
  readonly options: object;
  readonly outputsPerUnit: 1 | 2;
  /** What came in, from the outputs of one unit. */
  decode(outputs: readonly number[]): number;
}

/** Exact in binary: half of it below 0. */
const leaky: Passage = {
  options: { activation: "leaky-relu", leakyReluAlpha: 0.5 },
  outputsPerUnit: 1,
  decode: ([y = 0]) => (y > 0 ? y : 2 * y),
};

/** Both signs apart, since leaky-relu of 1.6.1 is refused. */
const twoSided: Passage = {
  options: { activation: "relu" },
  outputsPerUnit: 2,
  decode: ([up = 0, down = 0]) => up - down,
};

/**
 * A network of brain.js with Batch Normalization of its inputs, and weights that pass them on. `run`, `train`
 * and the states are the entry's own; what a batch comes out as while it trains, and gradients, which
 * brain.js shows nobody, are read from the engine behind it.
 */
function networkSubject(name: string, { NeuralNetwork }: Brain, passage: Passage): Subject {
  const Net = withBatchNorm(NeuralNetwork) as unknown as NetClass;
  const gradient: readonly Feature[] = passage.outputsPerUnit === 1 ? ["gradient"] : [];
  return {
    name,
    supports: [...ofNetworks, ...gradient],
    create(options: BatchNormOptions, shape): SubjectLayer {
      const { axis: _last, ...own } = options;
      const units = shape.at(-1) as number;
      const outputs = units * passage.outputsPerUnit;
      const net = new Net({
        hiddenLayers: [],
        ...passage.options,
        batchNorm: { input: own, hidden: false, batchSize, shuffle: false, onWarning() {} },
      });
      net.sizes = [units, outputs];
      net.initialize();
      for (let o = 0; o < outputs; o++) {
        const row = net.weights[1]![o] as number[];
        for (let i = 0; i < units; i++) row[i] = i === o ? 1 : o === i + units ? -1 : 0;
        (net.biases[1] as number[])[o] = 0;
      }
      // Weights that were written from outside count as they are, until something of ours is done to them.
      loadBatchNormStates(net, batchNormStates(net));
      const network = () => engineOf(net).engine.network;
      const decode = (row: ArrayLike<number>): number[] =>
        Array.from({ length: units }, (_, i) =>
          passage.decode(passage.outputsPerUnit === 1 ? [row[i]!] : [row[i]!, row[i + units]!]),
        );
      const state = (): BatchNormState => batchNormStates(net)[0]!;
      let last: { x: FloatArray; count: number; y: FloatArray; training: boolean } | null = null;
      const rowsOf = (x: FloatArray, given: readonly number[]): FloatArray[] => {
        if (given.at(-1) !== units) {
          const rule = `shape must have ${units} channels on its last axis`;
          refuse("ERR_BATCHNORM_SHAPE", rule, given);
        }
        const count = x.length / units;
        return Array.from({ length: count }, (_, i) => x.subarray(i * units, (i + 1) * units));
      };
      return {
        forward(x, given, { training }) {
          const rows = rowsOf(x, given);
          const upstream = new Float64Array(rows.length * outputs);
          const results = training
            ? rowsIn(network().gradients(x, rows.length, { upstream }).y, outputs)
            : rows.map((row) => net.run(Array.from(row)) as ArrayLike<number>);
          const y = Float32Array.from(results.flatMap(decode));
          if (training) {
            const before = state();
            const samples = rows.map((row, i) => ({
              input: Array.from(row),
              output: Array.from(results[i]!),
            }));
            // It learns nothing of targets that are its outputs, at a rate that is next to none.
            net.train(samples, { iterations: 1, learningRate: 1e-30 });
            const { gamma, beta } = before;
            loadBatchNormStates(net, [{ ...state(), gamma, beta }]);
          }
          last = { x: x.slice(), count: rows.length, y, training };
          return y;
        },
        backward(dy) {
          if (!last) throw new Error("no forward pass yet");
          const { x, count, y, training } = last;
          const frozen = network().isFrozen(1);
          if (!training) network().freeze(1, true);
          const upstream = Float64Array.from(dy, (value, i) => (y[i]! > 0 ? value : 2 * value));
          const { dx, layers } = network().gradients(x, count, { upstream });
          network().freeze(1, frozen);
          const { gamma, beta } = state();
          return {
            dx,
            dgamma: gamma && (layers[0]?.dgamma ?? null),
            dbeta: beta && (layers[0]?.dbeta ?? null),
          };
        },
        state,
        load: (state) => loadBatchNormStates(net, [state]),
      };
    },
  };
}

const rowsIn = (values: FloatArray, width: number): FloatArray[] =>
  Array.from({ length: values.length / width }, (_, i) =>
    values.subarray(i * width, (i + 1) * width),
  );

export const networkSubjects = (versions: readonly [string, Brain][]): Subject[] =>
  versions.map(([name, brain]) =>
    networkSubject(`withBatchNorm of ${name}`, brain, brain === brain2 ? leaky : twoSided),
  );

/** The layer of FeedForward between matrices of our own, whose columns are the rows of a case. */
export const layerSubject: Subject = {
  name: "batchNorm of brain.js 2's FeedForward",
  supports: [
    "rank",
    "affine",
    "gradient",
    "unbiased",
    "first-batch",
    "debiased",
    "cumulative",
    "frozen",
    "non-finite-throw",
    "non-finite-skip",
    "non-finite-propagate",
    "single-value",
  ],
  create(options, shape) {
    const { axis: _last, ...own } = options;
    const height = shape.at(-1) as number;
    const inputLayer = {
      width: 2,
      height,
      depth: 0,
      weights: null as unknown,
      deltas: null as unknown,
    };
    const layer = batchNormLayers(brain2).batchNorm(inputLayer, own);
    return {
      forward(x, given, { training }) {
        if (given.at(-1) !== height) {
          const rule = `shape must have ${height} channels on its last axis`;
          refuse("ERR_BATCHNORM_SHAPE", rule, given);
        }
        inputLayer.weights = transposed(x, height);
        layer.training = training;
        layer.predict();
        return columns(layer.weights as Float32Array[]);
      },
      backward(dy) {
        layer.deltas = transposed(dy, height);
        layer.compare();
        const { dgamma, dbeta } = layer.gradients;
        const { gamma, beta } = layer.toState();
        return {
          dx: columns(inputLayer.deltas as Float32Array[]),
          dgamma: gamma && dgamma,
          dbeta: beta && dbeta,
        };
      },
      state: () => layer.toState(),
      load: (state) => layer.loadState(state),
    };
  },
};

const transposed = (x: FloatArray, height: number): Float32Array[] =>
  Array.from({ length: height }, (_, y) =>
    Float32Array.from({ length: x.length / height }, (_, i) => x[i * height + y]!),
  );

const columns = (rows: readonly Float32Array[]): Float32Array => {
  const [{ length } = []] = rows;
  return Float32Array.from(
    { length: length * rows.length },
    (_, i) => rows[i % rows.length]![Math.floor(i / rows.length)]!,
  );
};
