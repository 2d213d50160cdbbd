import type { Moments } from "@batchnorm/core";
import { balancedBatches } from "./batches.ts";
import type { Matrix } from "./check-data.ts";
import type { Network } from "./network.ts";
import { resolveGraph } from "./resolved-graph.ts";

/** The places of the layers that have Batch Normalization, in their order. */
export function normalizedLayers(network: Network): number[] {
  const { layers } = resolveGraph(network.graph);
  return [...layers.keys()].filter((i) => layers[i]?.batchNorm).map((i) => i + 1);
}

/**
 * The moments of what a layer normalizes, batch by batch over a data set, with the layers before it as at
 * inference.
 *
 * @param batchSize - As for training: batches are balanced.
 */
export function* measureBatches(
  network: Network,
  { values, count }: Matrix,
  layer: number,
  batchSize: number,
): Generator<Moments> {
  const batches = balancedBatches(count, batchSize, false);
  for (let batch = 0; batch < batches.count; batch++) {
    const [from, to] = [batches.startOf(batch), batches.startOf(batch + 1)];
    const x = values.subarray(from * network.inputs, to * network.inputs);
    yield network.measure(x, to - from, layer);
  }
}
