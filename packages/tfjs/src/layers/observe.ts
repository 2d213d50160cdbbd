import {
  computeMoments,
  emptyMoments,
  layoutOf,
  type Moments,
  mergeMoments,
  type PopulationStatistics,
} from "@batchnorm/core";
import { clone, dispose, keep, type Tensor, tensor1d, tidy } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { normalizeByBatch, normalizeByStatistics } from "../op.ts";
import { normLayersOf, settingsOf } from "./norm-layers.ts";
import type { StockLayer } from "./stock.ts";

/**
 * The moments of what layers normalize, in float64, of one batch, with the model at inference.
 *
 * @param inputs - The model's; they stay the caller's.
 * @param by - Layers that are to normalize by other statistics than their own.
 * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` for an input that is no batch.
 */
export async function observe(
  model: LayersModel,
  inputs: Tensor | Tensor[],
  layers: readonly StockLayer[],
  by: ReadonlyMap<StockLayer, PopulationStatistics> = new Map(),
): Promise<Map<StockLayer, Moments>> {
  // A shared layer normalizes more than once.
  const seen = new Map<StockLayer, Tensor[]>(layers.map((layer) => [layer, []]));
  const standIns = new Map<StockLayer, StandIn>();
  for (const layer of normLayersOf(model)) {
    // What always trains would let the batch enter its statistics.
    if (settingsOf(layer).trains) standIns.set(layer, (x) => normalizeBy(layer, x, null));
  }
  for (const [layer, population] of by) {
    standIns.set(layer, (x) => normalizeBy(layer, x, population));
  }
  for (const layer of layers) {
    const other = standIns.get(layer);
    standIns.set(layer, (x, itself) => {
      seen.get(layer)?.push(keep(clone(x)));
      return other ? other(x, itself) : itself();
    });
  }
  try {
    run(model, inputs, standIns);
    const moments = layers.map(
      async (layer) => [layer, await momentsOf(layer, seen.get(layer) ?? [])] as const,
    );
    return new Map(await Promise.all(moments));
  } finally {
    dispose([...seen.values()].flat());
  }
}

/** What is done in the place of a layer, which can still be asked itself. */
type StandIn = (x: Tensor, itself: () => Tensor | Tensor[]) => Tensor | Tensor[];

/**
 * Runs a model at inference with something else in the place of some layers. The model hands them their
 * inputs itself, so that masks, nested models and wrappers are as in any prediction.
 */
function run(
  model: LayersModel,
  inputs: Tensor | Tensor[],
  standIns: ReadonlyMap<StockLayer, StandIn>,
): void {
  const before = [...standIns.keys()].map((layer) =>
    Object.getOwnPropertyDescriptor(layer, "call"),
  );
  try {
    for (const [layer, standIn] of standIns) {
      const call = layer.call.bind(layer);
      layer.call = (given, kwargs) =>
        standIn([given].flat()[0] as Tensor, () => call(given, kwargs));
    }
    tidy(() => void model.apply(inputs, { training: false }));
  } finally {
    for (const [i, layer] of [...standIns.keys()].entries()) {
      Reflect.deleteProperty(layer, "call"); // its class has one
      if (before[i]) Object.defineProperty(layer, "call", before[i]);
    }
  }
}

/** By a population's statistics, or without one by the batch's own. */
function normalizeBy(
  layer: StockLayer,
  x: Tensor,
  population: PopulationStatistics | null,
): Tensor {
  const { axis, epsilon } = settingsOf(layer);
  const parameters = { gamma: layer.gamma?.read() ?? null, beta: layer.beta?.read() ?? null };
  return tidy(() => {
    if (!population) return normalizeByBatch(x, parameters, { axis, epsilon });
    const mean = tensor1d(Float32Array.from(population.mean));
    const variance = tensor1d(Float32Array.from(population.variance));
    return normalizeByStatistics(x, parameters, { axis, epsilon }, { mean, variance });
  });
}

async function momentsOf(layer: StockLayer, inputs: readonly Tensor[]): Promise<Moments> {
  const { axis } = settingsOf(layer);
  const values = await Promise.all(inputs.map((x) => x.data()));
  return inputs.reduce(
    (all, { shape }, i) =>
      mergeMoments(all, computeMoments(Float32Array.from(values[i] ?? []), layoutOf(shape, axis))),
    emptyMoments(layer.movingMean.shape[0] as number),
  );
}
