import type { BatchNormState } from "@batchnorm/core";
import { clone, dispose, type Tensor } from "@tensorflow/tfjs-core";
import type { layers } from "@tensorflow/tfjs-layers";
import { readLayerState } from "../norm-layers.ts";
import { Stock, type StockLayer } from "../stock.ts";
import type { Graph } from "./graph.ts";
import { isLinear, type LinearLayer, type Numbers } from "./linear-layers.ts";

/** The weights of a model at one moment. */
export interface Snapshot {
  readonly states: ReadonlyMap<StockLayer, BatchNormState>;
  /** Kernels and bias of a linear layer, read back from the device. */
  readonly linear: ReadonlyMap<layers.Layer, LinearNumbers>;
  /** The weights of every layer, still on the device. */
  readonly held: ReadonlyMap<layers.Layer, readonly Tensor[]>;
  dispose(): void;
}

export interface LinearNumbers {
  readonly kernels: readonly Numbers[];
  readonly bias: Float32Array | null;
}

/** Everything is asked for before the first is awaited, so that no step can come between. */
export async function snapshotOf({ calls }: Graph): Promise<Snapshot> {
  const layers = [...new Set(calls.map(({ layer }) => layer))];
  const norms = layers.filter((layer): layer is StockLayer => layer instanceof Stock);
  const linears = layers.filter(isLinear);
  const held = new Map(
    layers
      .filter((layer) => !(layer instanceof Stock))
      .map((layer) => [layer, layer.getWeights().map((weight) => clone(weight))]),
  );
  const release = (): void => dispose([...held.values()].flat());
  try {
    const [states, numbers] = await Promise.all([
      Promise.all(norms.map(async (norm) => [norm, await readLayerState(norm)] as const)),
      Promise.all(linears.map(async (layer) => [layer, await numbersOf(layer)] as const)),
    ]);
    return { states: new Map(states), linear: new Map(numbers), held, dispose: release };
  } catch (error) {
    release();
    throw error;
  }
}

async function numbersOf(layer: LinearLayer): Promise<LinearNumbers> {
  const { kernel, depthwiseKernel, pointwiseKernel, bias } = layer;
  const weights = [kernel, depthwiseKernel, pointwiseKernel].filter((weight) => weight != null);
  const [shift, ...values] = await Promise.all(
    [bias, ...weights].map(
      async (weight) => weight && (weight.read().data() as Promise<Float32Array>),
    ),
  );
  const kernels = weights.map(({ shape }, i) => ({
    shape: shape as number[],
    values: values[i] as Float32Array,
  }));
  return { kernels, bias: shift ?? null };
}
