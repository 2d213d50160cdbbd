import {
  type BatchNormOptions,
  type ResolvedOptions,
  refuse,
  resolveOptions,
} from "@batchnorm/core";
import type { Activation, Connection, Graph, Layer } from "./graph.ts";

/** A {@link Graph} that has been checked, with nothing left open. */
export interface ResolvedGraph {
  readonly inputs: number;
  readonly layers: readonly ResolvedLayer[];
}

export interface ResolvedLayer {
  readonly units: number;
  /** In the graph's order. */
  readonly connections: readonly ResolvedConnection[];
  readonly bias: boolean;
  /** Null without Batch Normalization. */
  readonly batchNorm: ResolvedOptions | null;
  readonly activation: Activation;
  readonly leak: number;
}

export interface ResolvedConnection {
  readonly from: number;
  readonly kind: "dense" | "identity";
  /** Units of the place it comes from. */
  readonly sourceUnits: number;
  /** One 0 or 1 for each weight; null where all exist. */
  readonly mask: Uint8Array | null;
}

export const activations: readonly Activation[] = [
  "identity",
  "sigmoid",
  "tanh",
  "relu",
  "leaky-relu",
  "step",
];

const layerKeys = ["units", "connections", "bias", "batchNorm", "activation", "leak"];
const connectionKeys = ["from", "kind", "mask"];

/**
 * Fills in what a graph leaves open and checks all of it.
 *
 * @throws {BatchNormError} naming the layer and the connection: `ERR_BATCHNORM_SHAPE` for sizes that do
 * not fit, `ERR_BATCHNORM_MASK` for a mask, `ERR_BATCHNORM_UNSUPPORTED` for what Batch Normalization of
 * units cannot do, `ERR_BATCHNORM_OPTION` for all else.
 */
export function resolveGraph(graph: Graph): ResolvedGraph {
  requireObject("graph", graph);
  requireKeys("a graph's field", graph, ["inputs", "layers"]);
  const { inputs, layers } = graph;
  requireCount("inputs", inputs);
  if (!Array.isArray(layers) || layers.length === 0) {
    refuse("ERR_BATCHNORM_OPTION", "layers must be an array of at least one layer", layers);
  }
  const units = [inputs];
  const resolved = (layers as readonly Layer[]).map((layer, i) => {
    const one = resolveLayer(layer, i + 1, units);
    units.push(one.units);
    return one;
  });
  requireConsumers(resolved);
  return { inputs, layers: resolved };
}

function resolveLayer(layer: Layer, place: number, units: readonly number[]): ResolvedLayer {
  const name = `layer ${place}`;
  requireObject(name, layer);
  requireKeys(`${name}: a field`, layer, layerKeys);
  requireCount(`${name}: units`, layer.units);
  const { connections = [{ from: place - 1 }], activation = "identity", leak = 0.01 } = layer;
  if (!Array.isArray(connections) || connections.length === 0) {
    const rule = `${name}: connections must be an array of at least one`;
    refuse("ERR_BATCHNORM_OPTION", rule, connections);
  }
  if (!activations.includes(activation)) {
    const rule = `${name}: activation must be one of ${activations.join(", ")}`;
    refuse("ERR_BATCHNORM_OPTION", rule, activation);
  }
  if (!(Number.isFinite(leak) && leak >= 0)) {
    refuse("ERR_BATCHNORM_OPTION", `${name}: leak must be a finite number ≥ 0`, leak);
  }
  const batchNorm = resolveLayerBatchNorm(layer.batchNorm, name);
  const { bias = batchNorm === null } = layer;
  if (typeof bias !== "boolean") {
    refuse("ERR_BATCHNORM_OPTION", `${name}: bias must be true or false`, bias);
  }
  return {
    units: layer.units,
    connections: (connections as readonly Connection[]).map((connection, c) =>
      resolveConnection(connection, `${name}, connection ${c}`, layer.units, units),
    ),
    bias,
    batchNorm,
    activation,
    leak,
  };
}

function resolveConnection(
  connection: Connection,
  name: string,
  layerUnits: number,
  units: readonly number[],
): ResolvedConnection {
  requireObject(name, connection);
  requireKeys(`${name}: a field`, connection, connectionKeys);
  const { from, kind = "dense", mask } = connection;
  const sourceUnits = Number.isInteger(from) ? units[from] : undefined;
  if (sourceUnits === undefined) {
    const rule = `${name}: from must be a place before the layer, 0 to ${units.length - 1}`;
    refuse("ERR_BATCHNORM_SHAPE", rule, from);
  }
  if (kind !== "dense" && kind !== "identity") {
    refuse("ERR_BATCHNORM_OPTION", `${name}: kind must be dense or identity`, kind);
  }
  if (kind === "identity" && sourceUnits !== layerUnits) {
    const rule = `${name}: an identity must come from a place of ${layerUnits} units`;
    refuse("ERR_BATCHNORM_SHAPE", rule, sourceUnits);
  }
  if (mask === undefined) return { from, kind, sourceUnits, mask: null };
  if (kind === "identity") {
    refuse("ERR_BATCHNORM_MASK", `${name}: an identity must have no mask`, mask);
  }
  return { from, kind, sourceUnits, mask: resolveMask(mask, name, layerUnits * sourceUnits) };
}

function resolveMask(mask: ArrayLike<number>, name: string, length: number): Uint8Array {
  if (mask?.length !== length) {
    const rule = `${name}: mask must hold ${length} values`;
    refuse("ERR_BATCHNORM_MASK", rule, mask?.length ?? mask);
  }
  for (let i = 0; i < length; i++) {
    if (mask[i] === 0 || mask[i] === 1) continue;
    refuse("ERR_BATCHNORM_MASK", `${name}: mask[${i}] must be 0 or 1`, mask[i]);
  }
  return Uint8Array.from(mask);
}

/** What the options would have to be, but that units have one axis, and a batch one size. */
const fixed = {
  axis: -1,
  trackRunningStatistics: true,
  useBatchStatistics: false,
  virtualBatchSize: null,
  renorm: null,
} as const;

function resolveLayerBatchNorm(
  batchNorm: BatchNormOptions | boolean | undefined,
  name: string,
): ResolvedOptions | null {
  if (batchNorm === undefined || batchNorm === false) return null;
  return resolveBatchNorm(batchNorm === true ? {} : batchNorm, name);
}

/**
 * Fills in what the options of a layer of units leave open and checks every one.
 *
 * @param name - What an error calls the layer.
 * @throws {BatchNormError} `ERR_BATCHNORM_OPTION`, `ERR_BATCHNORM_AXIS`; `ERR_BATCHNORM_UNSUPPORTED` for
 * what units have not: another axis, virtual batches, renorm, no running statistics.
 */
export function resolveBatchNorm(batchNorm: BatchNormOptions, name: string): ResolvedOptions {
  const options = resolveOptions(batchNorm, { name });
  for (const [key, value] of Object.entries(fixed)) {
    const received = options[key as keyof typeof fixed];
    if (received === value) continue;
    const rule = `${name}: ${key} of Batch Normalization must be ${value}`;
    refuse("ERR_BATCHNORM_UNSUPPORTED", rule, received);
  }
  return options;
}

/** A layer that feeds none would never learn. */
function requireConsumers(layers: readonly ResolvedLayer[]): void {
  const fed = new Set(layers.flatMap(({ connections }) => connections.map(({ from }) => from)));
  for (let place = 1; place < layers.length; place++) {
    if (fed.has(place)) continue;
    refuse(
      "ERR_BATCHNORM_OPTION",
      `layer ${place} must feed a layer after it`,
      "none that it feeds",
    );
  }
}

function requireObject(name: string, value: unknown): void {
  if (typeof value === "object" && value !== null) return;
  refuse("ERR_BATCHNORM_OPTION", `${name} must be an object`, value);
}

function requireKeys(name: string, value: object, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    refuse("ERR_BATCHNORM_OPTION", `${name} must be one of ${known.join(", ")}`, key);
  }
}

function requireCount(name: string, value: unknown): void {
  if (Number.isSafeInteger(value) && (value as number) >= 1) return;
  refuse("ERR_BATCHNORM_SHAPE", `${name} must be an integer ≥ 1`, value);
}
