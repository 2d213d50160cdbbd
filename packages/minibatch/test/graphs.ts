import type { Activation, Connection, Graph, Layer, Loss, Network } from "@batchnorm/minibatch";
import * as fc from "fast-check";
import { normals, uniforms } from "./random.ts";

/** Those that have a derivative wherever values are likely to be. */
const smooth: readonly Activation[] = ["identity", "sigmoid", "tanh"];
export const differentiable: readonly Activation[] = [...smooth, "relu", "leaky-relu"];

/** So large that two values which happen to be near each other do not make finite differences useless. */
const batchNorm = { epsilon: 0.1 };

/** A graph, and what is to be made small. */
export interface Task {
  readonly graph: Graph;
  readonly loss: Loss;
  readonly count: number;
  readonly seed: number;
}

interface Draw {
  readonly units: number;
  readonly activation: Activation;
  readonly batchNorm: boolean;
  readonly bias: boolean;
  readonly skip: number;
  readonly masked: boolean;
  readonly twice: boolean;
}

const draw = (activations: readonly Activation[]): fc.Arbitrary<Draw> =>
  fc.record({
    units: fc.integer({ min: 1, max: 9 }),
    activation: fc.constantFrom(...activations),
    batchNorm: fc.boolean(),
    bias: fc.boolean(),
    skip: fc.integer({ min: 0, max: 20 }),
    masked: fc.boolean(),
    twice: fc.boolean(),
  });

/**
 * Tasks over feed-forward graphs of one to four layers: skip connections dense and identity, masks,
 * Batch Normalization anywhere, on the input by a lone identity too.
 */
export const tasks = (activations: readonly Activation[] = differentiable): fc.Arbitrary<Task> =>
  fc
    .record({
      inputs: fc.integer({ min: 1, max: 9 }),
      onInput: fc.boolean(),
      draws: fc.array(draw(activations), { minLength: 1, maxLength: 4 }),
      loss: fc.constantFrom<Loss>("squared-error", "cross-entropy"),
      count: fc.integer({ min: 2, max: 11 }),
      seed: fc.integer({ min: 1, max: 1e6 }),
    })
    .map(({ inputs, onInput, draws, loss, count, seed }) => {
      const layers: Layer[] = onInput
        ? [{ units: inputs, connections: [{ from: 0, kind: "identity" }], batchNorm }]
        : [];
      const sizes = [inputs, ...layers.map(({ units }) => units)];
      for (const [i, one] of draws.entries()) {
        const last = i === draws.length - 1;
        layers.push({
          units: one.units,
          activation: last && loss === "cross-entropy" ? "sigmoid" : one.activation,
          batchNorm: one.batchNorm && batchNorm,
          bias: one.bias,
          leak: 0.2,
          connections: connectionsOf(one, sizes, `${seed}.${i}`),
        });
        sizes.push(one.units);
      }
      return { graph: { inputs, layers }, loss, count, seed };
    });

function connectionsOf(one: Draw, sizes: readonly number[], seed: string): Connection[] {
  const before = sizes.length - 1;
  const masked = (from: number): { mask?: number[] } =>
    one.masked
      ? {
          mask: Array.from(
            uniforms(`mask ${seed} ${from}`, one.units * (sizes[from] as number)),
            (u) => (u < 0.7 ? 1 : 0),
          ),
        }
      : {};
  const connections: Connection[] = [{ from: before, ...masked(before) }];
  if (one.skip < sizes.length) {
    const same = sizes[one.skip] === one.units;
    connections.push(
      same ? { from: one.skip, kind: "identity" } : { from: one.skip, ...masked(one.skip) },
    );
  }
  if (one.twice && sizes[before] === one.units)
    connections.unshift({ from: before, kind: "identity" });
  return connections;
}

/** A value per parameter of a network, by name, and how to put it there. */
export interface Parameter {
  readonly name: string;
  readonly values: Float64Array;
  write(net: Network): void;
}

/** Random parameters for a task's graph; those of Batch Normalization are not 0 and 1. */
export function parametersOf({ graph, seed }: Task): Parameter[] {
  const sizes = [graph.inputs, ...graph.layers.map(({ units }) => units)];
  return graph.layers.flatMap((layer, i): Parameter[] => {
    const l = i + 1;
    const connections = layer.connections ?? [{ from: i }];
    const parameters = connections.flatMap((connection, c): Parameter[] => {
      if (connection.kind === "identity") return [];
      const inner = sizes[connection.from] as number;
      const values = normals(`w ${seed} ${l} ${c}`, layer.units * inner, 0, 1 / Math.sqrt(inner));
      if (connection.mask) {
        for (let k = 0; k < values.length; k++) values[k]! *= connection.mask[k] as number;
      }
      return [
        { name: `${l}.weights.${c}`, values, write: (net) => net.writeWeights(l, c, values) },
      ];
    });
    if (layer.bias ?? !layer.batchNorm) {
      const values = normals(`b ${seed} ${l}`, layer.units, 0, 0.5);
      parameters.push({ name: `${l}.bias`, values, write: (net) => net.writeBias(l, values) });
    }
    if (layer.batchNorm) {
      const gamma = normals(`g ${seed} ${l}`, layer.units, 1, 0.3);
      const beta = normals(`e ${seed} ${l}`, layer.units, 0, 0.5);
      const write = (net: Network): void =>
        net.loadBatchNormState(l, {
          ...net.batchNormState(l),
          gamma: Array.from(gamma),
          beta: Array.from(beta),
        });
      parameters.push({ name: `${l}.dgamma`, values: gamma, write });
      parameters.push({ name: `${l}.dbeta`, values: beta, write });
    }
    return parameters;
  });
}

/** x, and targets that suit the loss. */
export function samplesOf({ graph, loss, count, seed }: Task): {
  x: Float64Array;
  targets: Float64Array;
} {
  const outputs = graph.layers.at(-1)?.units as number;
  const x = normals(`x ${seed}`, count * graph.inputs);
  const targets =
    loss === "cross-entropy"
      ? uniforms(`t ${seed}`, count * outputs).map((u, i) => (i % 3 === 0 ? u : Math.round(u)))
      : normals(`t ${seed}`, count * outputs);
  return { x, targets };
}
