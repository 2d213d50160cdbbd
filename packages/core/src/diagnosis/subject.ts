import { type Moments, requireMoments, varianceOf } from "../moments.ts";
import { type BatchNormState, parseState } from "../state.ts";
import { type SamplingError, samplingError } from "./discrepancy.ts";
import type { DiagnosisLimits } from "./limits.ts";

/** Statistics as they are diagnosed; what is not finite in them is a finding of its own. */
interface Measured {
  readonly mean: ArrayLike<number>;
  readonly variance: ArrayLike<number>;
}

/** What the checks look at. */
export interface Subject {
  readonly state: BatchNormState;
  readonly limits: DiagnosisLimits;
  /** Null when there are none, or only the 0 and 1 from before the first update. */
  readonly running: Measured | null;
  /** What the initial 0 and 1 still weigh in the running statistics. */
  readonly initialShare: number;
  /** Null when no batch was given, or an empty one. */
  readonly batch: (Measured & { readonly count: number }) | null;
  /** Null where there are not both to compare, or a batch of one value. */
  readonly error: SamplingError | null;
}

/** @throws {BatchNormError} as `diagnose`. */
export function subjectOf(
  state: BatchNormState,
  moments: Moments | null,
  limits: DiagnosisLimits,
): Subject {
  parseState(withoutBadNumbers(state));
  if (moments) requireMoments("moments", moments, state.channels);
  const count = moments?.count ?? 0;
  const { runningMean, runningVariance, updates, weight } = state;
  const measured = runningMean && runningVariance && !isInitial(state);
  const running = measured ? { mean: runningMean, variance: runningVariance } : null;
  const counted = updates > 0 && state.start === "zero-one";
  // The state's estimator, so that the two are compared like with like.
  const batch =
    moments && count > 0
      ? { count, mean: moments.mean, variance: varianceOf(moments, state.varianceEstimator) }
      : null;
  return {
    state,
    limits,
    running,
    initialShare: counted ? 1 - weight : 0,
    batch,
    error: running && count > 1 ? samplingError(state, count) : null,
  };
}

/** Imported statistics, whose updates nobody counted, are not initial: they are not 0 and 1. */
export function isInitial({ updates, runningMean, runningVariance }: BatchNormState): boolean {
  const all = (values: readonly number[] | null, initial: number): boolean =>
    values?.every((value) => value === initial) === true;
  return updates === 0 && all(runningMean, 0) && all(runningVariance, 1);
}

/** A state that parses if nothing but its numbers per channel is wrong. */
function withoutBadNumbers(state: BatchNormState): BatchNormState {
  // For the parser to refuse.
  if (typeof state !== "object" || state === null) return state;
  const mended = (values: readonly number[] | null): readonly number[] | null =>
    Array.isArray(values) ? values.map((value) => (isBad(value) ? 1 : Math.abs(value))) : values;
  const { gamma, beta, runningMean, runningVariance } = state;
  return {
    ...state,
    gamma: mended(gamma),
    beta: mended(beta),
    runningMean: mended(runningMean),
    runningVariance: mended(runningVariance),
  };
}

/** NaN, infinite, or null, which is what JSON makes of both. */
const isBad = (value: unknown): boolean => value === null || !Number.isFinite(value);
