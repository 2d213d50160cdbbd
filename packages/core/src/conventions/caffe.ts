import type { Momentum } from "../options.ts";
import type { BatchNormState } from "../state.ts";
import type { History, KnownHistory } from "./history.ts";
import { type LayerArrays, requireThat } from "./weights.ts";

/** A float32 s comes as near as this to its limit 1/(1 − λ). */
const rounding = 1e-6;

/**
 * Caffe's `blob = b + λ · blob`, `s = 1 + λ · s`, statistic = blob / s, is our debiased average with
 * w = (1 − λ) · s; at λ = 1 it is the cumulative one, and s its count.
 *
 * @returns the statistics, 0 where s is 0 as Caffe has it, and their history.
 */
export function statisticsOfBlobs(
  arrays: LayerArrays,
  momentum: Momentum,
  known: KnownHistory,
  lose: (text: string) => void,
): { mean: number[]; variance: number[]; history: History } {
  const mean = arrays.mean as number[];
  const variance = arrays.variance as number[];
  const s = arrays.scalar;
  requireThat("caffe", "BatchNorm.2", "be there", undefined, s !== null);
  const scale = s as number;
  if (scale === 0) {
    for (const [b, blob] of [mean, variance].entries()) {
      const bad = blob.findIndex((value) => value !== 0);
      requireThat("caffe", `BatchNorm.${b}[${bad}]`, "be 0 where s is", blob[bad], bad < 0);
    }
    return { mean, variance, history: { updates: 0, weight: 0, valuesPerChannel: null } };
  }
  const { updates, valuesPerChannel } = known;
  const history = { updates: 1, weight: 1, valuesPerChannel: null } as {
    -readonly [K in keyof History]: History[K];
  };
  if (momentum === "cumulative") {
    history.updates = Math.max(1, Math.round(scale));
    if (history.updates !== scale) lose(`s counts batches at λ = 1; ${scale} is rounded`);
  } else {
    const weight = scale * (1 - momentum);
    history.weight = Math.min(1, weight);
    if (weight > 1 + rounding) {
      lose(`s = ${scale} is beyond its limit 1/(1 − λ), and taken as that: λ was another once`);
    }
    if (updates) history.updates = updates;
  }
  if (updates && valuesPerChannel) history.valuesPerChannel = valuesPerChannel;
  const divide = (blob: number[]): number[] => blob.map((value) => value / scale);
  return { mean: divide(mean), variance: divide(variance), history };
}

/**
 * The inverse: `s = w/(1 − λ)` of a debiased average. Any other start goes on in Caffe by the same
 * rule where s is at its limit 1/(1 − λ) already; a cumulative average has s = its count at λ = 1.
 */
export function blobsOfStatistics(
  state: BatchNormState,
  lose: (text: string) => void,
): { mean: number[]; variance: number[]; scalar: number } {
  const mean = state.runningMean as number[];
  const variance = state.runningVariance as number[];
  const scale = scaleOf(state, lose);
  const nonzero = [...mean, ...variance].some((value) => value !== 0);
  if (scale === 0 && nonzero) {
    lose(
      "s = 0 says that no batch entered: until one does, Caffe predicts by mean 0 and variance 0",
    );
  }
  const multiply = (values: number[]): number[] => values.map((value) => value * scale);
  return { mean: multiply(mean), variance: multiply(variance), scalar: scale };
}

function scaleOf(
  { momentum, start, weight, updates }: BatchNormState,
  lose: (text: string) => void,
): number {
  if (momentum === "cumulative") return updates;
  if (momentum === 1) {
    lose("a momentum of 1 is a cumulative average in Caffe: freeze the layer there");
    return 1;
  }
  if (start === "first-batch" && updates === 0) {
    lose("the first batch will not replace mean 0 and variance 1, as it would have");
  }
  return (start === "debiased" ? weight : 1) / (1 - momentum);
}
