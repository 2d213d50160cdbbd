import type { Layout, Momentum, Start } from "@batchnorm/core";
import type {
  KernelConfig,
  NamedAttrMap,
  NamedTensorInfoMap,
  TensorInfo,
} from "@tensorflow/tfjs-core";

/**
 * What TensorFlow.js calls our kernels. x, y, dy and dx are float32, of any shape that holds the layout;
 * everything else is float32 of `[channels]`. gamma and beta are absent where there are none.
 *
 * | kernel | inputs | outputs | attributes |
 * |---|---|---|---|
 * | training | x, gamma?, beta? | y, mean, meanLow, variance | {@link PassAttributes} |
 * | trainingGradient | dy, x, mean, meanLow, variance, gamma? | dx, dgamma, dbeta | the same |
 * | inference | x, mean, variance, gamma?, beta? | y | the same |
 * | inferenceGradient | dy, x, mean, variance, gamma? | dx, dgamma, dbeta | the same |
 * | update | mean, meanLow, variance, runningMean, runningVariance, progress | the last three, anew | {@link UpdateAttributes} |
 *
 * `mean + meanLow` is a mean to more than float32; a variance is biased. A backend may lack any of them,
 * and composed ops do that pass.
 */
export const kernelNames = {
  training: "BatchNormTraining",
  trainingGradient: "BatchNormTrainingGrad",
  inference: "BatchNormInference",
  inferenceGradient: "BatchNormInferenceGrad",
  update: "BatchNormUpdate",
} as const;

export type KernelName = (typeof kernelNames)[keyof typeof kernelNames];

/** A type, since TensorFlow.js takes no interface for its attributes. */
export type PassAttributes = Layout & {
  /** Added to the variance, in units of x². */
  readonly epsilon: number;
};

export type UpdateInput =
  | "mean"
  | "meanLow"
  | "variance"
  | "runningMean"
  | "runningVariance"
  | "progress";

/** How a batch enters the running statistics, as core's `updateRunning` has it. */
export type UpdateAttributes = {
  readonly momentum: Momentum;
  readonly start: Start;
  /** What the batch's variance is multiplied by: 1, or m / (m − 1). */
  readonly correction: number;
  /** Whether a batch whose statistics are not finite is only counted. */
  readonly skip: boolean;
};

/** Kernels of one backend, and whether a backend of that name is such as they expect. */
export interface BackendKernels {
  readonly kernels: readonly KernelConfig[];
  suits(backend: object): boolean;
}

/** A kernel as it is written: TensorFlow.js hands over less exact types. */
export const configOf = <Inputs, Attributes>(
  backendName: string,
  kernelName: KernelName,
  run: (backend: object, inputs: Inputs, attributes: Attributes) => TensorInfo[],
): KernelConfig => ({
  backendName,
  kernelName,
  kernelFunc: ({ inputs, attrs, backend }) =>
    run(
      backend,
      inputs satisfies NamedTensorInfoMap as Inputs,
      attrs satisfies NamedAttrMap | undefined as Attributes,
    ),
});
