import { type BatchNormState, channelMap, type LinearWeights } from "@batchnorm/core";
import { type Tensor, tensor, tidy } from "@tensorflow/tfjs-core";
import {
  type LayersModel,
  type layers,
  model as modelOf,
  Sequential,
  type SymbolicTensor,
  sequential,
} from "@tensorflow/tfjs-layers";
import type { StockLayer } from "../stock.ts";
import { copyLayer, takesOver } from "./copy-layer.ts";
import { depthwiseOf } from "./depthwise.ts";
import type { Call, Graph, Value } from "./graph.ts";
import { type LinearLayer, stagesOf } from "./linear-layers.ts";
import { foldNumbers } from "./numbers.ts";
import type { Fold, Plan } from "./plan.ts";
import type { LinearNumbers, Snapshot } from "./snapshot.ts";

/** A layer to be applied, and what it is to weigh once that has built it. */
interface Made {
  readonly layer: layers.Layer;
  readonly weigh: () => void;
}

/** The model that a graph and a plan describe, with weights of its own. */
export function rebuild(
  original: LayersModel,
  graph: Graph,
  plan: Plan,
  snapshot: Snapshot,
): LayersModel {
  const made = new Map<string, Made[]>();
  const names = new Set<string>();
  const unused = (name: string, number = 1): string => {
    const candidate = number === 1 ? name : `${name}_${number}`;
    if (names.has(candidate)) return unused(name, number + 1);
    names.add(candidate);
    return candidate;
  };
  // Calls of a shared layer go on sharing one, where the same became of them.
  const layersFor = (call: Call, changes: object): Made[] => {
    const folds = plan.folds.get(call) ?? [];
    const key = [call.layer.id, plan.spread.has(call), ...folds.map(keyOf)].join(" ");
    const name = made.has(key) ? "" : unused(call.layer.name);
    const chain = made.get(key) ?? makeLayers(call, folds, plan, snapshot, { ...changes, name });
    made.set(key, chain);
    return chain;
  };
  try {
    if (original instanceof Sequential && isChain(graph))
      return chained(original, graph, layersFor);
    return connected(original, graph, layersFor);
  } catch (error) {
    for (const { layer } of [...made.values()].flat()) if (layer.built) layer.dispose();
    throw error;
  }
}

type LayersFor = (call: Call, changes: object) => Made[];

const keyOf = ({ side, norm, place }: Fold): string =>
  [side, norm.id, place.outer, place.inner].join(":");

function makeLayers(
  call: Call,
  folds: readonly Fold[],
  plan: Plan,
  { states, linear, held }: Snapshot,
  changes: { readonly name: string },
): Made[] {
  const { layer } = call;
  if (plan.spread.has(call)) {
    const map = channelMap(states.get(layer as StockLayer) as BatchNormState);
    return depthwiseOf(call, changes).map(({ layer, isScale }) => {
      const numbers = [Float32Array.from(map.k), Float32Array.from(map.s)];
      return { layer, weigh: () => isScale && weigh(layer, numbers) };
    });
  }
  if (folds.length > 0) {
    const { kernels, bias } = linear.get(layer) as LinearNumbers;
    const stages = foldNumbers(stagesOf(layer as LinearLayer, kernels, bias), folds, states);
    const numbers = [
      ...stages.map(({ weights }) => weights),
      (stages.at(-1) as LinearWeights).bias,
    ];
    const copy = copyLayer(layer, { ...changes, ...takesOver });
    return [{ layer: copy, weigh: () => weigh(copy, numbers as Float64Array[]) }];
  }
  const copy = copyLayer(layer, changes);
  return [{ layer: copy, weigh: () => copy.setWeights([...(held.get(layer) ?? [])]) }];
}

/** Writes numbers to the weights of a layer, as float32. */
function weigh(layer: layers.Layer, numbers: readonly ArrayLike<number>[]): void {
  tidy(() => {
    const values = layer.weights.map(({ shape }, i): Tensor => {
      return tensor(Float32Array.from(numbers[i] as ArrayLike<number>), shape as number[]);
    });
    layer.setWeights(values);
  });
}

/** Whether every call but the input reads the one before it, alone. */
const isChain = ({ calls, inputs, outputs }: Graph): boolean =>
  inputs.length === 1 &&
  outputs.length === 1 &&
  outputs[0]?.call === calls.at(-1) &&
  new Set(calls.map(({ layer }) => layer)).size === calls.length &&
  calls.slice(1).every(({ inputs }, i) => inputs.length === 1 && inputs[0]?.call === calls[i]);

function chained({ name }: LayersModel, graph: Graph, layersFor: LayersFor): Sequential {
  const [input, ...rest] = graph.calls as [Call, ...Call[]];
  const { batchInputShape, dtype } = input.layer;
  const model = sequential({ name });
  for (const [i, call] of rest.entries()) {
    for (const { layer, weigh } of layersFor(call, i === 0 ? { batchInputShape, dtype } : {})) {
      model.add(layer);
      weigh();
    }
  }
  return model;
}

function connected({ name }: LayersModel, graph: Graph, layersFor: LayersFor): LayersModel {
  const tensors = new Map<Value, SymbolicTensor>();
  const tensorOf = (value: Value): SymbolicTensor => tensors.get(value) as SymbolicTensor;
  for (const call of graph.calls) {
    const { inputs, outputs, args } = call;
    let results = inputs.map(tensorOf);
    for (const { layer, weigh } of layersFor(call, {})) {
      const isInput = inputs.length === 0;
      const given = results.length === 1 ? (results[0] as SymbolicTensor) : results;
      results = [isInput ? layer.output : layer.apply(given, args)].flat() as SymbolicTensor[];
      weigh();
    }
    for (const [i, value] of outputs.entries()) tensors.set(value, results[i] as SymbolicTensor);
  }
  return modelOf({
    name,
    inputs: graph.inputs.map(tensorOf),
    outputs: graph.outputs.map(tensorOf),
  });
}
