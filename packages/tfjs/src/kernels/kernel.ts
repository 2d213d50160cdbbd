import type { Layout, Momentum, Start } from "@batchnorm/core";
import type { KernelConfig, TensorInfo } from "@tensorflow/tfjs-core";

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

export interface TrainingInputs {
  readonly x: TensorInfo;
  readonly gamma?: TensorInfo;
  readonly beta?: TensorInfo;
}

export interface InferenceInputs extends TrainingInputs {
  readonly mean: TensorInfo;
  readonly variance: TensorInfo;
}

export interface GradientInputs extends Omit<InferenceInputs, "beta"> {
  readonly dy: TensorInfo;
}

export interface TrainingGradientInputs extends GradientInputs {
  readonly meanLow: TensorInfo;
}

export type UpdateInput =
  | "mean"
  | "meanLow"
  | "variance"
  | "runningMean"
  | "runningVariance"
  | "progress";

export type UpdateInputs = Readonly<Record<UpdateInput, TensorInfo>>;

/** How a batch enters the running statistics, as core's `updateRunning` has it. */
export type UpdateAttributes = {
  readonly momentum: Momentum;
  readonly start: Start;
  /** What the batch's variance is multiplied by: 1, or m / (m − 1). */
  readonly correction: number;
  /** Whether a batch whose statistics are not finite is only counted. */
  readonly skip: boolean;
};

/** What each kernel does on a backend. */
export interface KernelFunctions {
  training(backend: object, inputs: TrainingInputs, attributes: PassAttributes): TensorInfo[];
  trainingGradient(
    backend: object,
    inputs: TrainingGradientInputs,
    attributes: PassAttributes,
  ): TensorInfo[];
  inference(backend: object, inputs: InferenceInputs, attributes: PassAttributes): TensorInfo[];
  inferenceGradient(
    backend: object,
    inputs: GradientInputs,
    attributes: PassAttributes,
  ): TensorInfo[];
  update(backend: object, inputs: UpdateInputs, attributes: UpdateAttributes): TensorInfo[];
}

/** Kernels of one backend. */
export interface BackendKernels {
  readonly functions: KernelFunctions;
  /** Whether a backend of that name is such as they expect. */
  suits(backend: object): boolean;
}

/** All kernels of a backend, as TensorFlow.js takes them. */
export const configsOf = (backendName: string, functions: KernelFunctions): KernelConfig[] =>
  (Object.keys(kernelNames) as (keyof typeof kernelNames)[]).map((key) => {
    // TensorFlow.js hands over less exact types.
    const run = functions[key] as (
      backend: object,
      inputs: object,
      attributes: unknown,
    ) => TensorInfo[];
    return {
      backendName,
      kernelName: kernelNames[key],
      kernelFunc: ({ inputs, attrs, backend }) => run(backend, inputs, attrs),
    };
  });
