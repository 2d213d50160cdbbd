import type { Activation } from "./graph.ts";
import type { ResolvedNetworkOptions } from "./network-options.ts";
import type { ResolvedGraph } from "./resolved-graph.ts";

/** How an executor wants its values: their bytes, and how many a row is padded to a multiple of. */
export interface Grain {
  readonly size: 4 | 8;
  readonly lanes: 1 | 2 | 4;
}

/**
 * Where everything of a network lies in its block of memory. Numbers are byte offsets from the block's
 * start, a multiple of 64; 0 stands for none.
 *
 * Activations and their gradients are feature-major, [units][row of the batch], so that the batch is the
 * direction of vectors; a batch's rows are padded to whole vectors. Parameters lie side by side; each
 * optimizer slot lies one `parameterBytes` behind the other, and the gradients behind the last.
 */
export interface Plan {
  readonly graph: ResolvedGraph;
  readonly options: ResolvedNetworkOptions;
  readonly grain: Grain;
  readonly bytes: number;
  /** What the WebAssembly executor describes the network by. */
  readonly records: number;
  /** float64, see {@link controls}. */
  readonly controls: number;
  /** float64: the optimizer's steps, then for each BN layer updates, weight, valuesPerChannel or 0. */
  readonly counters: number;
  /** uint32: a batch's samples. */
  readonly indices: number;
  /** Counters, running statistics, parameters, slots: what a snapshot copies. */
  readonly persistent: { readonly start: number; readonly end: number };
  readonly parameters: number;
  readonly parameterBytes: number;
  readonly slots: number;
  /** [outputs][row of the batch]. */
  readonly targets: number;
  readonly places: readonly PlannedPlace[];
  readonly layers: readonly PlannedLayer[];
}

/** What there is of the input as of a layer. */
export interface PlannedPlace {
  readonly units: number;
  readonly activations: number;
  /** [batch][units], for the weights' gradients. */
  readonly transposed: number;
  /** The bytes of its rows. */
  readonly transposedRow: number;
  readonly gradient: number;
}

export interface PlannedLayer extends PlannedPlace {
  readonly place: number;
  readonly connections: readonly PlannedConnection[];
  /** Where the connections are summed. */
  readonly sums: number;
  /** What Batch Normalization, or the activation, reads: the sums, or a lone source itself. */
  readonly source: number;
  readonly bias: number;
  readonly activation: Activation;
  readonly leak: number;
  readonly batchNorm: PlannedBatchNorm | null;
}

export interface PlannedBatchNorm {
  /** Among the layers that have it. */
  readonly index: number;
  /** xHat, which may lie where the sums were. */
  readonly normalized: number;
  readonly gamma: number;
  readonly beta: number;
  readonly learnsGamma: boolean;
  readonly learnsBeta: boolean;
  /** float64, running. */
  readonly mean: number;
  readonly variance: number;
  /** float64, of the batch: mean and M2. */
  readonly batchMean: number;
  readonly batchM2: number;
  /** Of the network's type: the mean in two parts, and 1/√(variance + epsilon). */
  readonly center: number;
  readonly centerLow: number;
  readonly scale: number;
  /** Its part of the controls. */
  readonly controls: number;
}

export interface PlannedConnection {
  /** In the layer's order of the graph. */
  readonly index: number;
  readonly from: number;
  readonly kind: "dense" | "identity";
  readonly weights: number;
  /** The bytes of a row of weights. */
  readonly row: number;
  /** A 1 or 0 for each weight, laid out as they are. */
  readonly mask: number;
  /** Whether it is the first to reach its source on the way back, and so sets its gradient. */
  readonly setsGradient: boolean;
}

/** Of a BN layer: updates, weight, valuesPerChannel. */
export const counterFields = 3;

/** The values that a count is padded to. */
export const pad = (count: number, { lanes }: Grain): number => Math.ceil(count / lanes) * lanes;

/** Where an optimizer keeps its values for a parameter; the gradients come last. */
export const slotOf = (plan: Plan, parameter: number, slot: number): number =>
  parameter + (slot + 1) * plan.parameterBytes;

/** Where a parameter's gradient is. */
export const gradientOf = (plan: Plan, parameter: number): number =>
  slotOf(plan, parameter, plan.slots);

/** The offset of one of a BN layer's counters. */
export const counterOf = (plan: Plan, batchNorm: number, field: number): number =>
  plan.counters + 8 * (1 + counterFields * batchNorm + field);
