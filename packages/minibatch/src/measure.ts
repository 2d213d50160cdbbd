import {
  computeMoments,
  emptyMoments,
  type FloatArray,
  type Moments,
  mergeMoments,
} from "@batchnorm/core";
import type { Executor } from "./executor.ts";
import { readMatrix } from "./parameters.ts";
import type { PlannedLayer } from "./plan.ts";
import { batchAt, inBatches } from "./samples.ts";

/** The moments of what a layer normalizes, over all samples. */
export function measureLayer(
  executor: Executor,
  { place, source, units }: PlannedLayer,
  x: FloatArray,
  count: number,
): Moments {
  const { plan } = executor;
  let moments = emptyMoments(units);
  inBatches(executor, x, count, place, (_first, size) => {
    const values = new Float64Array(units * size);
    readMatrix(executor.block.values, batchAt(plan, source, units, size), values);
    const layout = { outer: 1, channels: units, inner: size };
    moments = mergeMoments(moments, computeMoments(values, layout));
  });
  return moments;
}
