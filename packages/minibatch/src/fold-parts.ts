import type { BatchNormState, FloatArray } from "@batchnorm/core";
import type { Activation, Graph } from "./graph.ts";
import type { Network } from "./network.ts";
import { resolveGraph } from "./resolved-graph.ts";

/** A layer while its network is folded; places stay those of the graph until it is built anew. */
export interface Part {
  readonly place: number;
  readonly units: number;
  readonly activation: Activation;
  readonly leak: number;
  connections: PartConnection[];
  bias: FloatArray | null;
  /** Null without, and once it is folded. */
  batchNorm: BatchNormState | null;
}

/** Weights, [units, source units]; null for an identity. */
export interface PartConnection {
  readonly from: number;
  readonly sourceUnits: number;
  readonly weights: FloatArray | null;
  readonly mask: ArrayLike<number> | null;
}

/** A network's layers, with copies of all that they hold. */
export function partsOf(network: Network): Part[] {
  return resolveGraph(network.graph).layers.map(
    ({ units, activation, leak, connections, bias, batchNorm }, i) => ({
      place: i + 1,
      units,
      activation,
      leak,
      connections: connections.map(({ from, kind, sourceUnits, mask }, c) => {
        const weights = kind === "dense" ? network.readWeights(i + 1, c) : null;
        return { from, sourceUnits, weights: weights && Float64Array.from(weights), mask };
      }),
      bias: bias ? Float64Array.from(network.readBias(i + 1)) : null,
      batchNorm: batchNorm && network.batchNormState(i + 1),
    }),
  );
}

/** The layers that a place feeds. */
export function consumersOf(parts: readonly Part[], place: number): Part[] {
  return parts.filter(({ connections }) => connections.some(({ from }) => from === place));
}

/** The graph of what is left, with places counted anew. */
export function graphOf(inputs: number, parts: readonly Part[]): Graph {
  const places = new Map([[0, 0], ...parts.map(({ place }, i) => [place, i + 1] as const)]);
  return {
    inputs,
    layers: parts.map(({ units, activation, leak, connections, bias }) => ({
      units,
      activation,
      leak,
      bias: bias !== null,
      connections: connections.map(({ from, weights, mask }) => ({
        from: places.get(from) as number,
        kind: weights ? ("dense" as const) : ("identity" as const),
        ...(mask ? { mask } : {}),
      })),
    })),
  };
}
