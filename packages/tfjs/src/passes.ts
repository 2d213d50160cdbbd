// The four passes, each by a kernel of the backend's, or composed where it has none.
import type { Tensor } from "@tensorflow/tfjs-core";
import {
  center,
  type Gradients,
  gradients,
  type Measured,
  measure,
  rOf,
  scaleAndShift,
} from "./composed.ts";
import { type KernelName, kernelNames } from "./kernels/kernel.ts";
import { runKernel } from "./kernels/registry.ts";
import { toFloat, type View } from "./view.ts";

/** How a pass sees its tensor, and what is added to the variance. */
export interface Plan {
  readonly view: View;
  readonly epsilon: number;
}

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
  { gamma, beta }: Affine,
  plan: Plan,
): Measured & { readonly y: Tensor } {
  const made = run(kernelNames.training, { x, gamma, beta }, plan);
  if (made) {
    const [y, mean, meanLow, variance] = made as [Tensor, Tensor, Tensor, Tensor];
    return { y, mean, meanLow, variance };
  }
  const { view, epsilon } = plan;
  const { centered, ...measured } = measure(x, view);
  const by = { centered, r: rOf(measured.variance, epsilon, view) };
  return { ...measured, y: scaleAndShift(by, gamma, beta, view, x.shape) };
}

export function backwardTraining(
  dy: Tensor,
  x: Tensor,
  { mean, meanLow, variance }: Measured,
  gamma: Tensor | null,
  plan: Plan,
): Gradients {
  const made = run(kernelNames.trainingGradient, { dy, x, mean, meanLow, variance, gamma }, plan);
  if (made) return named(made);
  const { view, epsilon } = plan;
  const by = center(x, { mean, meanLow, variance }, epsilon, view);
  return gradients(dy, by, gamma, view, "batch");
}

export function forwardInference(
  x: Tensor,
  { mean, variance }: Fixed,
  { gamma, beta }: Affine,
  plan: Plan,
): Tensor {
  const made = run(kernelNames.inference, { x, mean, variance, gamma, beta }, plan);
  if (made) return made[0] as Tensor;
  const { view, epsilon } = plan;
  const by = center(x, { mean, variance }, epsilon, view);
  return scaleAndShift(by, gamma, beta, view, x.shape);
}

export function backwardInference(
  dy: Tensor,
  x: Tensor,
  { mean, variance }: Fixed,
  gamma: Tensor | null,
  plan: Plan,
): Gradients {
  const made = run(kernelNames.inferenceGradient, { dy, x, mean, variance, gamma }, plan);
  if (made) return named(made);
  const { view, epsilon } = plan;
  const by = center(x, { mean, variance }, epsilon, view);
  return gradients(dy, by, gamma, view, "fixed");
}

/** Kernels know no empty batch. */
function run(
  name: KernelName,
  { x, ...others }: Record<string, Tensor | null> & { x: Tensor },
  { view, epsilon }: Plan,
): Tensor[] | null {
  if (x.size === 0) return null;
  return runKernel(name, { x: toFloat(x), ...others }, { ...view.layout, epsilon });
}

function named(made: Tensor[]): Gradients {
  const [dx, dgamma, dbeta] = made as [Tensor, Tensor, Tensor];
  return { dx, dgamma, dbeta };
}
