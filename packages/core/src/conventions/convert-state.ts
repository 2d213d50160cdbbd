import { refuse } from "../errors.ts";
import type { VarianceEstimator } from "../moments.ts";
import { type Momentum, resolveOptions, type Start } from "../options.ts";
import { type BatchNormState, optionsOfState, parseState } from "../state.ts";
import type { History } from "./history.ts";
import { moveEpsilon, rounding } from "./move-epsilon.ts";

/** What a state can be converted to; what is left open stays. */
export interface ConvertOptions {
  readonly varianceEstimator?: VarianceEstimator | undefined;
  readonly start?: Start | undefined;
  readonly momentum?: Momentum | undefined;
  /** In units of x². Predictions stay the same: the variance, or gamma, takes up the difference. */
  readonly epsilon?: number | undefined;
}

/** A state that was converted. */
export interface Converted {
  readonly state: BatchNormState;
  /** Whether its numbers are those that {@link convertState} promises; to rounding. */
  readonly exact: boolean;
  /** Why not. */
  readonly notes: readonly string[];
}

const names = ["varianceEstimator", "start", "momentum", "epsilon"];

/**
 * Gives a state other conventions, and the numbers that go with them: those to which a layer with these
 * options would have come by the same batches. Predictions change with them; with epsilon they do not.
 *
 * - An average of batches a is under a running value r: r = w · a + (1 − w) · initial with a zero-one
 *   start, w being the state's weight; r = a with the others. Zero-one and debiased weigh batches alike.
 * - Biased to unbiased: a · m/(m − 1), so that `v′ = p + (v − p) · m/(m − 1)` where the initial 1 weighs p.
 * - A number as momentum is for the batches to come. First-batch and cumulative weigh past ones otherwise
 *   than zero-one and debiased do; such a change is exact for one batch or none.
 * - Epsilon: variance ← variance + epsilon − new one; where that is negative, or the
 *   initial 1 still weighs, gamma ←
 *   gamma · √(variance + new one)/√(variance + epsilon).
 *
 * Not exact, and said so in `notes`: a variance estimator where m is unknown or varied, weights of the past
 * that are lost, a count of updates that is unknown, a variance smaller than what the initial 1 still weighs.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE` for a malformed state, or a variance and an epsilon that
 * are both 0 when epsilon changes; `ERR_BATCHNORM_OPTION` for the options.
 */
export function convertState(state: BatchNormState, options: ConvertOptions): Converted {
  const from = parseState(state);
  const to = resolveTarget(from, options);
  const notes: string[] = [];
  const lose = (text: string): void => void notes.push(text);
  const changed = from.varianceEstimator !== to.varianceEstimator || from.start !== to.start;
  if (from.renorm && (changed || from.epsilon !== to.epsilon)) {
    lose("renorm's own averages stay as they were, and will be moved by the new conventions");
  }
  const restated = restate(from, to, lose);
  const converted = parseState(moveEpsilon(restated, to.epsilon, lose));
  return { state: converted, exact: notes.length === 0, notes };
}

type Target = Pick<BatchNormState, "varianceEstimator" | "start" | "momentum" | "epsilon">;

function resolveTarget(from: BatchNormState, options: ConvertOptions): Target {
  if (typeof options !== "object" || options === null) {
    refuse("ERR_BATCHNORM_OPTION", "options of convertState must be an object", options);
  }
  const unknown = Object.keys(options).find((key) => !names.includes(key));
  if (unknown !== undefined) {
    refuse("ERR_BATCHNORM_OPTION", `a conversion must be of ${names.join(", ")}`, unknown);
  }
  return resolveOptions(options, optionsOfState(from));
}

/** Changes estimator, start and momentum. */
function restate(from: BatchNormState, to: Target, lose: (text: string) => void): BatchNormState {
  const { varianceEstimator, start, momentum } = to;
  const relabelled = { ...from, varianceEstimator, start, momentum };
  const { runningMean, runningVariance } = from;
  if (!runningMean || !runningVariance) return relabelled;
  const factor = estimatorFactor(from, varianceEstimator, lose);
  const history = historyAfter(from, to, lose);
  const { weight } = history;
  if (factor === 1 && weight === from.weight && start === from.start) {
    return { ...relabelled, ...history };
  }

  const share = from.start === "zero-one" ? from.weight : 1;
  const newShare = start === "zero-one" ? weight : 1;
  // Where nothing entered there is no average to find under the initial values.
  const average = (value: number, initial: number): number =>
    share === 0 ? value : (value - (1 - share) * initial) / share;
  const running = (value: number, initial: number): number =>
    newShare === 0 ? initial : newShare * value + (1 - newShare) * initial;
  const averages = runningVariance.map((value) => average(value, 1) * (share === 0 ? 1 : factor));
  if (averages.some((value) => value * share < -rounding)) {
    lose(
      "a running variance is below what the initial 1 still weighs by the count of updates, which " +
        "must be wrong; what the batches contribute is taken as 0",
    );
  }
  return {
    ...relabelled,
    ...history,
    runningMean: runningMean.map((value) => running(average(value, 0), 0)),
    runningVariance: averages.map((value) => running(Math.max(0, value), 1)),
  };
}

/** What the average of variances must be multiplied by. */
function estimatorFactor(
  { varianceEstimator, updates, valuesPerChannel: m }: BatchNormState,
  to: VarianceEstimator,
  lose: (text: string) => void,
): number {
  if (to === varianceEstimator || updates === 0) return 1;
  if (m === null) {
    lose(
      "the number of values per channel varied or is unknown: the running variance stays as it was, " +
        `${varianceEstimator}, and becomes ${to} as new batches enter`,
    );
    return 1;
  }
  // m = 1 has variance 0 by either estimator.
  const factor = m / Math.max(m - 1, 1);
  return to === "unbiased" ? factor : 1 / factor;
}

/** What the batches weigh together after a change of start or momentum. */
function historyAfter(from: BatchNormState, to: Target, lose: (text: string) => void): History {
  const { updates, weight, valuesPerChannel } = from;
  const stays = { updates, weight, valuesPerChannel };
  const was = averageOf(from);
  const becomes = averageOf(to);
  if (updates === 0 || (was === becomes && from.start === to.start)) return stays;
  if (weight === 0) {
    lose("with momentum 1 no batch has left anything: the count starts anew");
    return { updates: 0, weight: 0, valuesPerChannel: null };
  }
  if (was === becomes) {
    // By its count and momentum alone the initial 1 would still weigh: the count is not all there was.
    const counted = typeof from.momentum === "number" ? from.momentum ** updates : 0;
    if (from.start === "zero-one" && 1 - weight < rounding && counted > rounding) {
      lose("how many batches entered is unknown: what they started from is taken to have faded");
    }
    return stays;
  }
  // A count of 1 whose m is unknown may stand for an unknown count.
  if (updates === 1 && valuesPerChannel !== null) {
    return { ...stays, weight: becomes === "fading" ? 1 - (to.momentum as number) : 1 };
  }
  lose(
    `past batches keep their weights of a ${was} average, which a ${becomes} one would not have ` +
      "given them; new batches enter as they should",
  );
  return { ...stays, weight: 1 };
}

/** How past batches are weighed. Zero-one and debiased differ only in what is divided out. */
function averageOf({ momentum, start }: Target): "cumulative" | "first-batch" | "fading" {
  if (momentum === "cumulative") return "cumulative";
  return start === "first-batch" ? "first-batch" : "fading";
}
