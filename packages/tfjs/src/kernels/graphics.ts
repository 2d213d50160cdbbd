import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { PassAttributes } from "./kernel.ts";
import type { Rule } from "./update-rule.ts";

/** What we use of every backend that runs on a graphics card. */
export interface GraphicsBackend {
  makeTensorInfo(shape: number[], dtype: "float32", values?: Float32Array): TensorInfo;
  disposeData(dataId: object): boolean;
}

/** Which inputs there are of those that there need not be; a mean may come in two parts. */
export interface Given {
  readonly gamma: boolean;
  readonly beta: boolean;
  readonly meanLow: boolean;
}

/**
 * The programs of a backend with what they are told, for an x that settings describe. Each is given the
 * tensors that are listed here, in this order, and makes one.
 */
export interface Programs<Settings, Launch> {
  /** x → sums over a sample. */
  sample(settings: Settings): Launch;
  /** x, sample → sums over all of x. */
  moments(settings: Settings): Launch;
  /** x, sample, sums → one value per channel. */
  statistic(settings: Settings, which: "mean" | "meanLow" | "variance"): Launch;
  /** mean, variance, meanLow?, gamma?, beta? → coefficients. */
  normalizing(settings: Settings, given: Given): Launch;
  /** x, coefficients → y. */
  normalize(settings: Settings): Launch;
  /** dy, x, mean, meanLow? → sums. */
  gradientSums(settings: Settings, given: Given): Launch;
  /** sums, variance → dgamma. */
  dgamma(settings: Settings): Launch;
  /** sums → dbeta. */
  dbeta(settings: Settings): Launch;
  /** mean, variance, meanLow, gamma?, dgamma, dbeta → coefficients. */
  propagating(settings: Settings, given: Given): Launch;
  /** dy, x, coefficients → dx. */
  trainingDx(settings: Settings): Launch;
  /** dy, variance, gamma? → dx. */
  inferenceDx(settings: Settings, given: Given): Launch;
  /** progress, and variance where batches are skipped → the next progress. */
  progress(rule: Rule): Launch;
  /** mean, meanLow or variance; the running one; progress, and the next where batches are skipped → its next. */
  average(rule: Rule, of: "mean" | "variance"): Launch;
}

/** How a backend runs programs. */
export interface Graphics<Backend extends GraphicsBackend, Settings, Launch> {
  readonly programs: Programs<Settings, Launch>;
  settingsOf(shape: readonly number[], attributes: PassAttributes): Settings;
  /** A tensor of x's shape as programs read it: itself, or another that is disposed of in the end. */
  read(backend: Backend, values: TensorInfo, settings: Settings): TensorInfo;
  run(backend: Backend, launch: Launch, inputs: TensorInfo[]): TensorInfo;
}
