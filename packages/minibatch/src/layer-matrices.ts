import { refuse } from "@batchnorm/core";
import type { MatrixAt } from "./parameters.ts";
import type { Plan, PlannedBatchNorm, PlannedConnection, PlannedLayer } from "./plan.ts";

/** @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` when it is none of the network's. */
export function layerOf({ layers }: Plan, layer: number): PlannedLayer {
  const found = Number.isInteger(layer) ? layers[layer - 1] : undefined;
  if (found) return found;
  return refuse("ERR_BATCHNORM_SHAPE", `layer must be one of 1 to ${layers.length}`, layer);
}

/** @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`; `ERR_BATCHNORM_UNSUPPORTED` for an identity. */
export function denseOf(plan: Plan, layer: number, connection: number): PlannedConnection {
  const { connections } = layerOf(plan, layer);
  const found = connections.find(({ index }) => index === connection);
  if (!found) {
    const rule = `layer ${layer}: connection must be one of 0 to ${connections.length - 1}`;
    return refuse("ERR_BATCHNORM_SHAPE", rule, connection);
  }
  if (found.kind === "dense") return found;
  const rule = `layer ${layer}, connection ${connection} must be dense to have weights`;
  return refuse("ERR_BATCHNORM_UNSUPPORTED", rule, found.kind);
}

/** @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`; `ERR_BATCHNORM_UNSUPPORTED` without a bias. */
export function biasOf(plan: Plan, layer: number): number {
  const { bias } = layerOf(plan, layer);
  if (bias) return bias;
  return refuse("ERR_BATCHNORM_UNSUPPORTED", `layer ${layer} must have a bias`, "none");
}

/** @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`; `ERR_BATCHNORM_UNSUPPORTED` without it. */
export function batchNormOf(plan: Plan, layer: number): PlannedBatchNorm {
  const { batchNorm } = layerOf(plan, layer);
  if (batchNorm) return batchNorm;
  const rule = `layer ${layer} must have Batch Normalization`;
  return refuse("ERR_BATCHNORM_UNSUPPORTED", rule, "none");
}

/** Where the weights of a dense connection, or what else is laid out as they are, begin at `offset`. */
export function matrixOf(
  { grain, places }: Plan,
  { units }: PlannedLayer,
  { from, row }: PlannedConnection,
  offset: number,
): MatrixAt {
  const columns = (places[from] as { units: number }).units;
  return { offset: offset / grain.size, rows: units, columns, stride: row / grain.size };
}

export function vectorOf({ grain }: Plan, { units }: PlannedLayer, offset: number): MatrixAt {
  return { offset: offset / grain.size, rows: 1, columns: units, stride: units };
}
