import { type BatchNormState, type FloatArray, refuse } from "@batchnorm/core";
import { requireVersion } from "@batchnorm/core/checks";
import type { BatchNormLayer } from "./batch-norm-layer.ts";
import type { Executor } from "./executor.ts";
import type { Graph } from "./graph.ts";
import { matrixOf, vectorOf } from "./layer-matrices.ts";
import type { Loss, NetworkOptions, NumberType } from "./network-options.ts";
import type { ResolvedOptimizer } from "./optimizer.ts";
import { type MatrixAt, newFloats, readMatrix, writeMatrix } from "./parameters.ts";
import { type Plan, type PlannedLayer, slotOf } from "./plan.ts";

/** A network as plain JSON. Numbers are float64, which print exactly. */
export interface NetworkState {
  /** Of this format. */
  readonly version: 1;
  readonly graph: Graph;
  readonly type: NumberType;
  readonly batchSize: number;
  readonly optimizer: ResolvedOptimizer;
  readonly loss: Loss;
  /** Updates that the optimizer has made. */
  readonly steps: number;
  readonly layers: readonly LayerState[];
  /** What the optimizer keeps, in its order: for each, one entry per layer. */
  readonly slots: readonly (readonly LayerParameters[])[];
}

/** One value per parameter of a layer; null where it has none. Matrices are row-major. */
export interface LayerParameters {
  /** By connection, [units, source units]. */
  readonly weights: readonly (readonly number[] | null)[];
  readonly bias: readonly number[] | null;
  readonly gamma: readonly number[] | null;
  readonly beta: readonly number[] | null;
}

export interface LayerState extends Pick<LayerParameters, "weights" | "bias"> {
  readonly batchNorm: BatchNormState | null;
  /** Whether Batch Normalization is. */
  readonly frozen: boolean;
}

type Norms = ReadonlyMap<number, BatchNormLayer>;

/** As `Network.toState`. */
export function readNetworkState(executor: Executor, graph: Graph, norms: Norms): NetworkState {
  const { plan, block } = executor;
  const { type, batchSize, optimizer, loss } = plan.options;
  return {
    version: 1,
    graph,
    type,
    batchSize,
    optimizer,
    loss,
    steps: block.doubles[plan.counters / 8] as number,
    layers: plan.layers.map((layer) => {
      const { weights, bias } = readParameters(executor, layer, (parameter) => parameter);
      const norm = norms.get(layer.place);
      return {
        weights,
        bias,
        batchNorm: norm?.state(block) ?? null,
        frozen: norm?.isFrozen(block) ?? false,
      };
    }),
    slots: Array.from({ length: plan.slots }, (_, slot) =>
      plan.layers.map((layer) =>
        readParameters(executor, layer, (parameter) => slotOf(plan, parameter, slot)),
      ),
    ),
  };
}

/** What the constructor needs of a state. @throws {BatchNormError} `ERR_BATCHNORM_STATE`. */
export function optionsOfNetworkState(state: unknown): { graph: Graph; options: NetworkOptions } {
  requireVersion("a network's state", state);
  const { graph, type, batchSize, optimizer, loss } = state as NetworkState;
  return { graph, options: { type, batchSize, optimizer, loss } };
}

/** Writes a state into the network that was made for it. */
export function writeNetworkState(executor: Executor, norms: Norms, state: NetworkState): void {
  const { plan, block } = executor;
  const { steps, layers, slots } = state;
  if (!Number.isSafeInteger(steps) || steps < 0) {
    refuse("ERR_BATCHNORM_STATE", "steps of a network's state must be an integer ≥ 0", steps);
  }
  requireLength("layers", layers, plan.layers.length);
  requireLength("slots", slots, plan.slots);
  for (const [i, layer] of plan.layers.entries()) {
    const { weights, bias, batchNorm, frozen } = layers[i] as LayerState;
    const norm = norms.get(layer.place);
    if (norm) {
      norm.load(block, norm.parse(batchNorm));
      norm.freeze(block, frozen === true);
    }
    const own = { weights, bias, gamma: undefined, beta: undefined };
    writeParameters(executor, layer, `layers[${i}]`, own, (parameter) => parameter);
  }
  for (const [slot, values] of slots.entries()) {
    requireLength(`slots[${slot}]`, values, plan.layers.length);
    for (const [i, layer] of plan.layers.entries()) {
      const name = `slots[${slot}][${i}]`;
      const at = (parameter: number): number => slotOf(plan, parameter, slot);
      writeParameters(executor, layer, name, values[i] as LayerParameters, at);
    }
  }
  block.doubles[plan.counters / 8] = steps;
}

/** The parts of {@link LayerParameters} and where they are; null where there is none. */
function partsOf(plan: Plan, layer: PlannedLayer, at: (parameter: number) => number) {
  const vector = (parameter: number): MatrixAt | null =>
    parameter ? vectorOf(plan, layer, at(parameter)) : null;
  return {
    weights: [...layer.connections]
      .sort((a, b) => a.index - b.index)
      .map((connection) =>
        connection.kind === "dense"
          ? matrixOf(plan, layer, connection, at(connection.weights))
          : null,
      ),
    bias: vector(layer.bias),
    gamma: vector(layer.batchNorm?.gamma ?? 0),
    beta: vector(layer.batchNorm?.beta ?? 0),
  };
}

function readParameters(
  { plan, block }: Executor,
  layer: PlannedLayer,
  at: (parameter: number) => number,
): LayerParameters {
  const { weights, bias, gamma, beta } = partsOf(plan, layer, at);
  const read = (matrix: MatrixAt | null): number[] | null => {
    if (!matrix) return null;
    const out: FloatArray = newFloats("float64", matrix.rows * matrix.columns);
    readMatrix(block.values, matrix, out);
    return Array.from(out);
  };
  return { weights: weights.map(read), bias: read(bias), gamma: read(gamma), beta: read(beta) };
}

/** @param from - What is undefined is left as it is. */
function writeParameters(
  { plan, block }: Executor,
  layer: PlannedLayer,
  name: string,
  from: { readonly [K in keyof LayerParameters]: LayerParameters[K] | undefined },
  at: (parameter: number) => number,
): void {
  const { weights, ...vectors } = partsOf(plan, layer, at);
  const write = (what: string, matrix: MatrixAt | null, values: unknown): void => {
    const length = matrix ? matrix.rows * matrix.columns : 0;
    if (!matrix) {
      if (values === null) return;
      refuse("ERR_BATCHNORM_STATE", `${what} of a network's state must be null`, values);
    }
    const numbers = requireLength(what, values as readonly number[], length);
    for (const [i, value] of numbers.entries()) {
      if (typeof value === "number" && Number.isFinite(value)) continue;
      const rule = `${what}[${i}] of a network's state must be a finite number`;
      refuse("ERR_BATCHNORM_STATE", rule, value);
    }
    writeMatrix(block.values, matrix, numbers);
  };
  requireLength(`${name}.weights`, from?.weights, weights.length);
  for (const [c, matrix] of weights.entries()) {
    write(`${name}.weights[${c}]`, matrix, from.weights?.[c]);
  }
  for (const key of ["bias", "gamma", "beta"] as const) {
    if (from[key] !== undefined) write(`${name}.${key}`, vectors[key], from[key]);
  }
}

function requireLength<T>(
  what: string,
  values: readonly T[] | undefined,
  length: number,
): readonly T[] {
  if (Array.isArray(values) && values.length === length) return values;
  const rule = `${what} of a network's state must be an array of ${length}`;
  return refuse("ERR_BATCHNORM_STATE", rule, values);
}
