import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { PassAttributes } from "./kernel.ts";
import type { Rule } from "./update-rule.ts";

/** What we use of every backend that runs on a graphics card. */
export interface GraphicsBackend {
  makeTensorInfo(shape: number[], dtype: "float32", values?: Float32Array): TensorInfo;
  disposeData(dataId: object): boolean;
}

/** Makes a program that reads the inputs of these names, and what it is told. */
export type Maker<On, Launch> = (on: On, names: string[]) => Launch;

/**
 * The programs of a backend, for an x that settings describe, or for a rule. Each reads the tensors that
 * are listed here and makes one.
 */
export interface Programs<Settings, Launch> {
  /** X → sums over a sample. */
  readonly sample: Maker<Settings, Launch>;
  /** X, SAMPLE → sums over all of x. */
  readonly moments: Maker<Settings, Launch>;
  /** X, SAMPLE, SUMS → one value per channel, and so the next two. */
  readonly mean: Maker<Settings, Launch>;
  readonly meanLow: Maker<Settings, Launch>;
  readonly variance: Maker<Settings, Launch>;
  /** MEAN, VARIANCE, MEANLOW?, GAMMA?, BETA? → coefficients. */
  readonly normalizing: Maker<Settings, Launch>;
  /** X, COEFFICIENTS → y. */
  readonly normalize: Maker<Settings, Launch>;
  /** DY, X, MEAN, MEANLOW? → sums. */
  readonly gradientSums: Maker<Settings, Launch>;
  /** SUMS, VARIANCE → dgamma. */
  readonly dgamma: Maker<Settings, Launch>;
  /** SUMS → dbeta. */
  readonly dbeta: Maker<Settings, Launch>;
  /** MEAN, VARIANCE, MEANLOW, GAMMA?, DGAMMA, DBETA → coefficients. */
  readonly propagating: Maker<Settings, Launch>;
  /** DY, X, COEFFICIENTS → dx. */
  readonly trainingDx: Maker<Settings, Launch>;
  /** DY, VARIANCE, GAMMA? → dx. */
  readonly inferenceDx: Maker<Settings, Launch>;
  /** PROGRESS, and VARIANCE where batches are skipped → the next progress. */
  readonly progress: Maker<Rule, Launch>;
  /** MEAN and MEANLOW, or VARIANCE; RUNNING; PROGRESS, and NEXT where batches are skipped → the next RUNNING. */
  readonly average: Maker<Rule, Launch>;
}

/** How a backend runs programs. */
export interface Graphics<Backend extends GraphicsBackend, Settings, Launch> {
  readonly programs: Programs<Settings, Launch>;
  settingsOf(shape: readonly number[], attributes: PassAttributes): Settings;
  /** A tensor of x's shape as programs read it: itself, or another that is disposed of in the end. */
  read(backend: Backend, values: TensorInfo, settings: Settings): TensorInfo;
  run(backend: Backend, launch: Launch, inputs: TensorInfo[]): TensorInfo;
}
