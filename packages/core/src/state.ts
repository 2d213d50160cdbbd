import { refuse } from "./errors.ts";
import type { VarianceEstimator } from "./moments.ts";
import {
  type BatchNormOptions,
  type Momentum,
  type ResolvedOptions,
  resolveOptions,
  type Start,
} from "./options.ts";
import { requireFields, requireVersion } from "./saved.ts";

/**
 * One layer as plain JSON: what travels between hosts, and to and from other frameworks.
 * Arrays hold one value per channel.
 */
export interface BatchNormState {
  /** Of this format. */
  readonly version: 1;
  readonly name: string;
  readonly channels: number;
  /** Scale; null when the layer has none. */
  readonly gamma: readonly number[] | null;
  /** Shift; null when the layer has none. */
  readonly beta: readonly number[] | null;
  /** In units of x; null when the layer keeps no running statistics. */
  readonly runningMean: readonly number[] | null;
  /** In units of x², ≥ 0; null together with the mean. */
  readonly runningVariance: readonly number[] | null;
  readonly epsilon: number;
  readonly momentum: Momentum;
  readonly varianceEstimator: VarianceEstimator;
  readonly start: Start;
  /** Batches that entered the running statistics. */
  readonly updates: number;
  /** What those batches weigh together, in [0, 1]; see {@link RunningStatistics}. */
  readonly weight: number;
  /** m of the batches; null before the first, and once it varied. */
  readonly valuesPerChannel: number | null;
  /** What Batch Renormalization needs to go on; null without. */
  readonly renorm: RenormState | null;
}

/** Options and averages of Batch Renormalization; an infinite bound is null, as JSON has none. */
export interface RenormState {
  readonly rmin: number;
  readonly rmax: number | null;
  readonly dmax: number | null;
  readonly momentum: number;
  /** In units of x. */
  readonly mean: readonly number[];
  /** In units of x, ≥ 0. */
  readonly deviation: readonly number[];
  /** In units of x, ≥ 0. */
  readonly movingDeviation: readonly number[];
}

const keys: readonly string[] = [
  "version",
  "name",
  "channels",
  "gamma",
  "beta",
  "runningMean",
  "runningVariance",
  "epsilon",
  "momentum",
  "varianceEstimator",
  "start",
  "updates",
  "weight",
  "valuesPerChannel",
  "renorm",
] satisfies readonly (keyof BatchNormState)[];

/**
 * Checks that an unknown value, say parsed JSON, is a state that can be computed with.
 *
 * @returns the same object, typed.
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE` naming the field: one that is missing or unknown, of
 * the wrong length, not finite, a negative variance. `ERR_BATCHNORM_OPTION` for epsilon, momentum,
 * varianceEstimator or start.
 */
export function parseState(value: unknown): BatchNormState {
  requireVersion("a state", value);
  requireFields("a state", value, keys);
  const state = value as BatchNormState;
  const { channels, runningMean, runningVariance, updates, weight, valuesPerChannel } = state;
  requireField("channels", "be an integer ≥ 1", channels, isCount(channels) && channels >= 1);
  requireNumbers("gamma", state.gamma, channels, -Infinity);
  requireNumbers("beta", state.beta, channels, -Infinity);
  requireNumbers("runningMean", runningMean, channels, -Infinity);
  requireNumbers("runningVariance", runningVariance, channels, 0);
  const together = (runningMean === null) === (runningVariance === null);
  requireField("runningVariance", "be null when runningMean is", runningVariance, together);
  requireField("updates", "be an integer ≥ 0", updates, isCount(updates));
  const weighs = typeof weight === "number" && weight >= 0 && weight <= 1;
  requireField("weight", "lie in [0, 1]", weight, weighs);
  requireField(
    "updates",
    "be 0 without running statistics",
    updates,
    !!runningMean || updates === 0,
  );
  const known = valuesPerChannel === null || (isCount(valuesPerChannel) && valuesPerChannel >= 1);
  requireField("valuesPerChannel", "be null or an integer ≥ 1", valuesPerChannel, known);
  if (state.renorm !== null) requireRenorm(state.renorm, channels);
  resolveOptions(optionsOfState(state));
  // The next batch would replace what it should be averaged with.
  const lost = state.start === "debiased" && updates > 0 && weight === 0;
  requireField("weight", "be > 0 after updates with a debiased start", weight, !lost);
  return state;
}

/**
 * Parses a state for a layer that is there already.
 *
 * @param layer - Its number of channels, and what it has: null stands for what it has not.
 * @throws {BatchNormError} as {@link parseState}; `ERR_BATCHNORM_STATE` too when the two differ.
 */
export function parseStateFor(
  layer: {
    name: string;
    channels: number;
    gamma: unknown;
    beta: unknown;
    running: unknown;
    renorm: unknown;
  },
  value: unknown,
): BatchNormState {
  const state = parseState(value);
  const { channels, gamma, beta, runningMean } = state;
  const fits = (field: string, ours: unknown, theirs: unknown): void => {
    const rule = `${field} of a state for ${layer.name} must ${ours === null ? "" : "not "}be null`;
    if ((ours === null) !== (theirs === null)) refuse("ERR_BATCHNORM_STATE", rule, theirs);
  };
  if (channels !== layer.channels) {
    const rule = `a state for ${layer.name} must have ${layer.channels} channels`;
    refuse("ERR_BATCHNORM_STATE", rule, channels);
  }
  fits("gamma", layer.gamma, gamma);
  fits("beta", layer.beta, beta);
  fits("runningMean", layer.running, runningMean);
  fits("renorm", layer.renorm, state.renorm);
  return state;
}

/** Options that say what a state's numbers mean; renorm's presence is one of them. */
const relabelling = [
  "varianceEstimator",
  "start",
  "center",
  "scale",
  "trackRunningStatistics",
  "renorm",
] as const;

/**
 * The options of a layer that is made of a state.
 *
 * @param options - What the state does not hold, or another name, momentum or epsilon.
 * @param defaults - A host's own.
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE` for options that would make the state's numbers mean
 * something else; `ERR_BATCHNORM_OPTION` as `resolveOptions`.
 */
export function resolveForState(
  state: BatchNormState,
  options: BatchNormOptions,
  defaults: Partial<ResolvedOptions> = {},
): ResolvedOptions {
  const stateOptions = optionsOfState(state);
  const resolved = resolveOptions(options, { ...defaults, ...stateOptions });
  const held = { ...stateOptions, renorm: stateOptions.renorm !== null };
  const wanted = { ...resolved, renorm: resolved.renorm !== null };
  for (const key of relabelling) {
    if (wanted[key] !== held[key]) {
      refuse("ERR_BATCHNORM_STATE", `${key} must be the state's, ${held[key]}`, wanted[key]);
    }
  }
  return resolved;
}

/** The options that a state holds. */
export function optionsOfState(
  state: BatchNormState,
): Omit<
  ResolvedOptions,
  "axis" | "onNonFinite" | "onSingleValue" | "trainable" | "useBatchStatistics" | "virtualBatchSize"
> {
  const { name, epsilon, momentum, varianceEstimator, start, renorm } = state;
  return {
    name,
    epsilon,
    momentum,
    varianceEstimator,
    start,
    center: state.beta !== null,
    scale: state.gamma !== null,
    trackRunningStatistics: state.runningMean !== null,
    renorm: renorm && {
      rmin: renorm.rmin,
      rmax: renorm.rmax ?? Infinity,
      dmax: renorm.dmax ?? Infinity,
      momentum: renorm.momentum,
    },
  };
}

const renormKeys = ["rmin", "rmax", "dmax", "momentum", "mean", "deviation", "movingDeviation"];

function requireRenorm(renorm: RenormState, channels: number): void {
  requireFields("renorm of a state", renorm, renormKeys);
  for (const key of ["mean", "deviation", "movingDeviation"] as const) {
    requireField(`renorm.${key}`, "be an array", renorm[key], renorm[key] !== null);
    requireNumbers(`renorm.${key}`, renorm[key], channels, key === "mean" ? -Infinity : 0);
  }
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function requireNumbers(
  field: string,
  value: readonly number[] | null,
  length: number,
  least: number,
): void {
  if (value === null) return;
  const fits = Array.isArray(value) && value.length === length;
  requireField(field, `be null or an array of ${length}`, value, fits);
  const bad = value.findIndex((number) => !(Number.isFinite(number) && number >= least));
  if (bad < 0) return;
  const rule = least === 0 ? "be a finite number ≥ 0" : "be a finite number";
  requireField(`${field}[${bad}]`, rule, value[bad], false);
}

function requireField(field: string, rule: string, received: unknown, holds: boolean): void {
  if (!holds) refuse("ERR_BATCHNORM_STATE", `${field} of a state must ${rule}`, received);
}
