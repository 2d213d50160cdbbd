import type { Executor } from "./executor.ts";
import { matrixOf } from "./layer-matrices.ts";
import { writeMatrix } from "./parameters.ts";
import type { ResolvedGraph } from "./resolved-graph.ts";

/** Writes a graph's masks to where the executor reads them. */
export function writeMasks({ plan, block }: Executor, { layers }: ResolvedGraph): void {
  for (const [i, layer] of plan.layers.entries()) {
    for (const connection of layer.connections) {
      const mask = layers[i]?.connections[connection.index]?.mask;
      if (!mask) continue;
      writeMatrix(block.values, matrixOf(plan, layer, connection, connection.mask), mask);
    }
  }
}
