import { refuse } from "@batchnorm/core";
import type { Optimizer } from "@batchnorm/minibatch";
import type { Cost } from "./host.ts";

/** A sample, as synaptic has it. */
export interface Sample {
  readonly input: ArrayLike<number>;
  readonly output: ArrayLike<number>;
}

/** What is told every so many iterations. */
export interface Progress {
  readonly error: number;
  readonly iterations: number;
  readonly rate: number;
}

/** The options of synaptic's Trainer, under its names, and what mini-batches need besides. */
export interface TrainingOptions {
  /**
   * Of the mean gradient of a batch: a number; a list, of which each takes an equal part of the iterations;
   * or a function of the iteration, from 1, and the error before it. ≥ 0; default 0.2.
   */
  readonly rate?: Rate | undefined;
  /** At most so many passes over the set: an integer ≥ 0, or Infinity. Default 100,000. */
  readonly iterations?: number | undefined;
  /** Ends when the error is no more than that. Default 0.005; 0 is 0. */
  readonly error?: number | undefined;
  /** What the error is the mean of, over the samples. It is told, not learned by. Default `Trainer.cost.MSE`. */
  readonly cost?: Cost | undefined;
  /**
   * Keeps the last `testSize` of the set, a share in (0, 1), from training; the error is theirs then, and
   * `testError` ends it too.
   */
  readonly crossValidate?: CrossValidate | undefined;
  /** Whether each iteration takes the samples in another order; the set stays as it is. Default true. */
  readonly shuffle?: boolean | undefined;
  /** `console.log` every so many iterations, but when the schedule is due. */
  readonly log?: number | boolean | undefined;
  /** Calls `do` every so many iterations, with the network written; true from it ends training. */
  readonly schedule?: Schedule | undefined;
  /** Samples of a mini-batch. Default 32. */
  readonly batchSize?: number | undefined;
  /** What orders are drawn with: an integer in [0, 2^53). Default 0. */
  readonly seed?: number | undefined;
  /** `{ kind: "sgd", momentum }` or `{ kind: "adam" }`. Default plain sgd. What it remembers ends with the call. */
  readonly optimizer?: Optimizer | undefined;
  /** An AbortSignal: `trainAsync` ends within milliseconds, `train` after the iteration. */
  readonly signal?: { readonly aborted: boolean } | undefined;
}

export type Rate = number | readonly number[] | ((iterations: number, error: number) => number);

export interface CrossValidate {
  readonly testSize: number;
  readonly testError?: number | undefined;
}

export interface Schedule {
  readonly every: number;
  readonly do: (progress: Progress) => unknown;
}

/** Options with nothing left open; null where there is none. */
export interface ResolvedTraining {
  readonly rate: Rate;
  readonly iterations: number;
  readonly error: number;
  readonly cost: Cost;
  readonly crossValidate: CrossValidate | null;
  readonly shuffle: boolean;
  readonly log: number;
  readonly schedule: Schedule | null;
  readonly batchSize: number;
  readonly seed: number;
  readonly optimizer: Optimizer;
  readonly signal: { readonly aborted: boolean } | null;
}

const keys: readonly (keyof ResolvedTraining)[] = [
  "rate",
  "iterations",
  "error",
  "cost",
  "crossValidate",
  "shuffle",
  "log",
  "schedule",
  "batchSize",
  "seed",
  "optimizer",
  "signal",
];

/**
 * Fills in what options leave open and checks them, but for what the engine checks itself: batchSize, seed
 * and optimizer.
 *
 * @param given - The trainer's options and the call's, of which the later ones count.
 * @throws {BatchNormError} `ERR_BATCHNORM_OPTION` naming what is unknown or out of range.
 */
export function resolveTraining(mse: Cost, ...given: readonly TrainingOptions[]): ResolvedTraining {
  const options: Record<string, unknown> = {};
  for (const some of given) {
    requireKnown(some);
    for (const [key, value] of Object.entries(some)) {
      if (value !== undefined && value !== null) options[key] = value;
    }
  }
  const {
    rate = 0.2,
    iterations = 100_000,
    error = 0.005,
    cost = mse,
    crossValidate = null,
    shuffle = true,
    log = 0,
    schedule = null,
    batchSize = 32,
    seed = 0,
    optimizer = { kind: "sgd" },
    signal = null,
  } = options as TrainingOptions;
  requireRate(rate);
  requireOption(
    "iterations must be an integer ≥ 0, or Infinity",
    iterations,
    iterations === Number.POSITIVE_INFINITY || isCount(iterations, 0),
  );
  requireOption("error must be a number ≥ 0", error, typeof error === "number" && error >= 0);
  requireOption("cost must be a function", cost, typeof cost === "function");
  requireOption("shuffle must be true or false", shuffle, typeof shuffle === "boolean");
  requireOption("log must be true or an integer ≥ 0", log, isCount(Number(log), 0));
  requireOption("batchSize must be an integer ≥ 1", batchSize, isCount(batchSize, 1));
  requireOption("seed must be an integer in [0, 2^53)", seed, isCount(seed, 0));
  if (crossValidate) requireCrossValidate(crossValidate);
  if (schedule) requireSchedule(schedule);
  return {
    ...{ rate, iterations, error, cost, crossValidate, shuffle, log: Number(log), schedule },
    ...{ batchSize, seed, optimizer, signal },
  };
}

function requireKnown(options: TrainingOptions): void {
  if (typeof options !== "object" || options === null) {
    refuse("ERR_BATCHNORM_OPTION", "options must be an object", options);
  }
  for (const key of Object.keys(options)) {
    if ((keys as readonly string[]).includes(key)) continue;
    const hint = key === "customLog" ? "; synaptic has renamed customLog to schedule" : "";
    refuse("ERR_BATCHNORM_OPTION", `an option must be one of ${keys.join(", ")}${hint}`, key);
  }
}

function requireRate(rate: Rate): void {
  if (typeof rate === "function") return;
  const rates = typeof rate === "number" ? [rate] : rate;
  if (!Array.isArray(rates) || rates.length === 0) {
    refuse("ERR_BATCHNORM_OPTION", "rate must be a number, a list of them, or a function", rate);
  }
  const bad = rates.findIndex((one) => !(Number.isFinite(one) && one >= 0));
  if (bad < 0) return;
  const name = typeof rate === "number" ? "rate" : `rate[${bad}]`;
  refuse("ERR_BATCHNORM_OPTION", `${name} must be a finite number ≥ 0`, rates[bad]);
}

function requireCrossValidate({ testSize, testError = 0 }: CrossValidate): void {
  const share = typeof testSize === "number" && testSize > 0 && testSize < 1;
  requireOption("crossValidate.testSize must lie in (0, 1)", testSize, share);
  const threshold = typeof testError === "number" && testError >= 0;
  requireOption("crossValidate.testError must be a number ≥ 0", testError, threshold);
}

function requireSchedule({ every, do: task }: Schedule): void {
  requireOption("schedule.every must be an integer ≥ 1", every, isCount(every, 1));
  requireOption("schedule.do must be a function", task, typeof task === "function");
}

function requireOption(rule: string, value: unknown, holds: boolean): void {
  if (!holds) refuse("ERR_BATCHNORM_OPTION", rule, value);
}

const isCount = (value: number, least: number): boolean =>
  Number.isSafeInteger(value) && value >= least;
