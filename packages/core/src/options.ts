import { refuse } from "./errors.ts";
import type { VarianceEstimator } from "./moments.ts";
import { requireEpsilon } from "./parameters.ts";
import { type RenormOptions, type ResolvedRenormOptions, resolveRenorm } from "./renorm-options.ts";

/** Weight of the OLD running value in [0, 1], or every batch alike. PyTorch's is 1 − this. */
export type Momentum = number | "cumulative";

/** What the running statistics are before and right after the first batch. */
export type Start = "zero-one" | "first-batch" | "debiased";

/** What to do with a batch whose statistics are NaN or infinite. */
export type NonFinitePolicy = "throw" | "skip" | "propagate";

/** What to do with a training batch of one value per channel. */
export type SingleValuePolicy = "throw" | "beta";

/** Everything that can be said of a Batch Normalization layer, under one name in every adapter. */
export interface BatchNormOptions {
  /** What errors and states call the layer. Default `"batch-norm"`. */
  readonly name?: string | undefined;
  /** Where the channels are; negative counts from the end. Default −1. */
  readonly axis?: number | undefined;
  /**
   * Weight of the old running value, `running ← momentum · running + (1 − momentum) · batch`, in
   * [0, 1]; or `"cumulative"`: every batch counts once, and `start` is ignored. Default 0.99.
   */
  readonly momentum?: Momentum | undefined;
  /** Added to the variance under the root, in units of x²; ≥ 0, and > 0 to train. Default 1e-5. */
  readonly epsilon?: number | undefined;
  /** Whether to shift by beta. Default true. */
  readonly center?: boolean | undefined;
  /** Whether to scale by gamma. Default true. */
  readonly scale?: boolean | undefined;
  /**
   * Which variance enters the running one: ÷m (Keras) or ÷max(m − 1, 1) (PyTorch). The batch itself
   * is always normalized by the biased one. Default `"unbiased"`.
   */
  readonly varianceEstimator?: VarianceEstimator | undefined;
  /**
   * `"zero-one"`: mean 0 and variance 1 fade out slowly (Keras, PyTorch). `"first-batch"`: the first
   * batch replaces them. `"debiased"`: the weighted mean of all batches so far, as Adam does it.
   * Default `"debiased"`.
   */
  readonly start?: Start | undefined;
  /**
   * What a batch does to the running statistics when its own are NaN or infinite. `"throw"`: the call
   * fails. `"skip"`: y is returned, they stay. `"propagate"`: they become NaN. All channels and the
   * count go together. Default `"throw"`.
   */
  readonly onNonFinite?: NonFinitePolicy | undefined;
  /** `"throw"`, or `"beta"`: y = beta and variance 0 enters. Default `"throw"`. */
  readonly onSingleValue?: SingleValuePolicy | undefined;
  /** False freezes: every pass is one of inference, gamma and beta stay. Default true. */
  readonly trainable?: boolean | undefined;
  /** False keeps no running statistics: the batch normalizes at inference too. Default true. */
  readonly trackRunningStatistics?: boolean | undefined;
  /** Whether the batch normalizes at inference too, as in pix2pix. Default false. */
  readonly useBatchStatistics?: boolean | undefined;
  /** Samples of a virtual batch, ≥ 1, for Ghost Batch Normalization. Default null: the whole batch. */
  readonly virtualBatchSize?: number | null | undefined;
  /** Batch Renormalization's clipping; `{}` for none. Default null: plain Batch Normalization. */
  readonly renorm?: RenormOptions | null | undefined;
}

/** Options with nothing left open; null where there is none. */
export type ResolvedOptions = {
  readonly [K in keyof BatchNormOptions]-?: K extends "renorm"
    ? ResolvedRenormOptions | null
    : Exclude<BatchNormOptions[K], undefined>;
};

/** What an option is when nobody says: right from the first batch, unbiased as in the paper. */
export const defaultOptions: ResolvedOptions = /* @__PURE__ */ Object.freeze({
  name: "batch-norm",
  axis: -1,
  momentum: 0.99,
  epsilon: 1e-5,
  center: true,
  scale: true,
  varianceEstimator: "unbiased",
  start: "debiased",
  onNonFinite: "throw",
  onSingleValue: "throw",
  trainable: true,
  trackRunningStatistics: true,
  useBatchStatistics: false,
  virtualBatchSize: null,
  renorm: null,
} as const);

const choices = /* @__PURE__ */ Object.entries({
  varianceEstimator: ["biased", "unbiased"],
  start: ["zero-one", "first-batch", "debiased"],
  onNonFinite: ["throw", "skip", "propagate"],
  onSingleValue: ["throw", "beta"],
  center: [true, false],
  scale: [true, false],
  trainable: [true, false],
  trackRunningStatistics: [true, false],
  useBatchStatistics: [true, false],
} satisfies Partial<Record<keyof ResolvedOptions, readonly unknown[]>>) as [string, unknown[]][];

/**
 * Fills in what `options` leaves open and checks every one.
 *
 * @param defaults - A host's own, where they differ from {@link defaultOptions}.
 * @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for an unknown name or a value out of range,
 * `ERR_BATCHNORM_AXIS` for an axis that is no integer.
 */
export function resolveOptions(
  options: BatchNormOptions = {},
  defaults: Partial<ResolvedOptions> = {},
): ResolvedOptions {
  if (typeof options !== "object" || options === null) {
    refuse("ERR_BATCHNORM_OPTION", "options must be an object", options);
  }
  const resolved: Record<string, unknown> = { ...defaultOptions, ...defaults };
  for (const key of Object.keys(options)) {
    const value = options[key as keyof BatchNormOptions];
    if (!Object.hasOwn(defaultOptions, key)) {
      const known = Object.keys(defaultOptions).join(", ");
      refuse("ERR_BATCHNORM_OPTION", `an option must be one of ${known}`, key);
    }
    if (value !== undefined) resolved[key] = value;
  }
  const result = resolved as unknown as ResolvedOptions;
  if (typeof result.name !== "string") {
    refuse("ERR_BATCHNORM_OPTION", "name must be a string", result.name);
  }
  if (!Number.isInteger(result.axis)) {
    refuse("ERR_BATCHNORM_AXIS", "axis must be an integer", result.axis);
  }
  requireEpsilon(result.epsilon);
  requireMomentum(result.momentum, result.start);
  for (const [key, allowed] of choices) {
    if (!allowed.includes(resolved[key])) {
      refuse("ERR_BATCHNORM_OPTION", `${key} must be one of ${allowed.join(", ")}`, resolved[key]);
    }
  }
  const { virtualBatchSize: size, renorm } = result;
  if (size !== null && !(Number.isSafeInteger(size) && size >= 1)) {
    refuse("ERR_BATCHNORM_OPTION", "virtualBatchSize must be null or an integer ≥ 1", size);
  }
  return Object.freeze({ ...result, renorm: renorm === null ? null : resolveRenorm(renorm) });
}

/** @throws {BatchNormError} `ERR_BATCHNORM_OPTION` when out of [0, 1], or 1 with a debiased start. */
export function requireMomentum(momentum: Momentum, start: Start): void {
  if (momentum === "cumulative") return;
  if (typeof momentum !== "number" || !(momentum >= 0 && momentum <= 1)) {
    refuse("ERR_BATCHNORM_OPTION", 'momentum must lie in [0, 1] or be "cumulative"', momentum);
  }
  if (momentum === 1 && start === "debiased") {
    const rule =
      "momentum must be below 1 with a debiased start, which divides by what batches weigh";
    refuse("ERR_BATCHNORM_OPTION", rule, momentum);
  }
}
