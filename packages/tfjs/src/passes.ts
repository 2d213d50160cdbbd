// The four passes, each by a kernel of the backend's, or composed where it has none.
import type { Tensor } from "@tensorflow/tfjs-core";
import {
  center,
  type Gradients,
  gradients,
  type Measured,
  measure,
  type Plan,
  scaleAndShift,
} from "./composed.ts";
import { type KernelName, kernelNames } from "./kernels/kernel.ts";
import { runKernel } from "./kernels/registry.ts";
import { isRecording } from "./tape.ts";
import { toFloat } from "./view.ts";

interface Affine {
  readonly gamma: Tensor | null;
  readonly beta: Tensor | null;
}

interface Fixed {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

export function forwardTraining(
  x: Tensor,
  parameters: Affine,
  plan: Plan,
): Measured & { readonly y: Tensor } {
  const made = run(kernelNames.training, { x, ...parameters }, plan);
  if (made) {
    const [y, mean, meanLow, variance] = made as [Tensor, Tensor, Tensor, Tensor];
    return { y, mean, meanLow, variance };
  }
  const { mean, meanLow, variance, ...by } = measure(x, plan);
  return { y: scaleAndShift(by, parameters, plan, x.shape), mean, meanLow, variance };
}

export function backwardTraining(
  dy: Tensor,
  x: Tensor,
  measured: Measured,
  gamma: Tensor | null,
  plan: Plan,
): Gradients {
  const made = runBackward(kernelNames.trainingGradient, { dy, x, ...measured, gamma }, plan);
  if (made) return made;
  // To a gradient of this gradient what was measured is constant, though it is made of x.
  const by = isRecording() ? measure(x, plan) : center(x, measured, plan);
  return gradients(dy, by, gamma, plan, "batch");
}

export function forwardInference(
  x: Tensor,
  statistics: Fixed,
  parameters: Affine,
  plan: Plan,
): Tensor {
  const made = run(kernelNames.inference, { x, ...statistics, ...parameters }, plan);
  if (made) return made[0] as Tensor;
  return scaleAndShift(center(x, statistics, plan), parameters, plan, x.shape);
}

export function backwardInference(
  dy: Tensor,
  x: Tensor,
  statistics: Fixed,
  gamma: Tensor | null,
  plan: Plan,
): Gradients {
  const made = runBackward(kernelNames.inferenceGradient, { dy, x, ...statistics, gamma }, plan);
  return made ?? gradients(dy, center(x, statistics, plan), gamma, plan, "fixed");
}

/** The inputs of a pass, and nothing else. */
type Inputs = Record<string, Tensor | null> & { x: Tensor };

/** Kernels know no empty batch. */
function run(name: KernelName, { x, ...others }: Inputs, { view, epsilon }: Plan): Tensor[] | null {
  if (x.size === 0) return null;
  return runKernel(name, { x: toFloat(x), ...others }, { ...view.layout, epsilon });
}

/** Where a tape records the gradient, it is to be of ops that the tape knows, from x on. */
function runBackward(name: KernelName, inputs: Inputs, plan: Plan): Gradients | null {
  const made = isRecording() ? null : run(name, inputs, plan);
  if (!made) return null;
  const [dx, dgamma, dbeta] = made as [Tensor, Tensor, Tensor];
  return { dx, dgamma, dbeta };
}
