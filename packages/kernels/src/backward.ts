import {
  type AffineParameters,
  backwardInference as coreInference,
  backwardTraining as coreTraining,
  type FloatArray,
  type Gradients,
  type Layout,
  type Moments,
  type Statistics,
} from "@batchnorm/core";
import {
  requireGradientArguments,
  requireOwnMoments,
  requireStatistics,
} from "@batchnorm/core/checks";
import type { Kernels } from "./kernels.ts";
import { loadMoments, loadParameters, loadStatistics } from "./load.ts";
import { deliver, enter, exit, hasRoom, kernelsFor, withRoom } from "./stage.ts";

/**
 * core's `backwardTraining`: the gradients through the batch's mean and variance.
 *
 * @throws {BatchNormError} as core's.
 */
export function backwardTraining<T extends FloatArray>(
  dy: T,
  x: FloatArray,
  layout: Layout,
  moments: Moments,
  parameters: AffineParameters,
  out: Partial<Gradients<T>> = {},
): Gradients<T> {
  const { channels } = layout;
  const tensors = { x, dy, out: out.dx };
  const kernels = kernelsFor(layout, tensors);
  if (!kernels) return coreTraining(dy, x, layout, moments, parameters, out);
  requireOwnMoments(moments, layout);
  const gradients = requireGradientArguments(dy, x, layout, parameters, out);
  if (!hasRoom(kernels, layout, tensors)) {
    const args: Parameters<typeof coreTraining<T>> = [dy, x, layout, moments, parameters, out];
    return withRoom(kernels, layout, tensors, args, backwardTraining<T>, coreTraining<T>);
  }
  loadMoments(kernels, moments, channels);
  loadParameters(kernels, parameters, channels);
  const done =
    kernels.prepare(layout, moments.count, parameters.epsilon) &&
    propagate(kernels, dy, x, layout, gradients, "batch");
  return done ? gradients : coreTraining(dy, x, layout, moments, parameters, gradients);
}

/**
 * core's `backwardInference`: the gradients of a pass by fixed statistics, a frozen layer's too.
 *
 * @throws {BatchNormError} as core's.
 */
export function backwardInference<T extends FloatArray>(
  dy: T,
  x: FloatArray,
  layout: Layout,
  statistics: Statistics,
  parameters: AffineParameters,
  out: Partial<Gradients<T>> = {},
): Gradients<T> {
  const { channels } = layout;
  const tensors = { x, dy, out: out.dx };
  const kernels = kernelsFor(layout, tensors);
  if (!kernels) return coreInference(dy, x, layout, statistics, parameters, out);
  requireStatistics(statistics, channels);
  const gradients = requireGradientArguments(dy, x, layout, parameters, out);
  if (!hasRoom(kernels, layout, tensors)) {
    const args: Parameters<typeof coreInference<T>> = [dy, x, layout, statistics, parameters, out];
    return withRoom(kernels, layout, tensors, args, backwardInference<T>, coreInference<T>);
  }
  loadStatistics(kernels, statistics, channels);
  loadParameters(kernels, parameters, channels);
  const done =
    kernels.prepare(layout, 1, parameters.epsilon) &&
    propagate(kernels, dy, x, layout, gradients, "fixed");
  return done ? gradients : coreInference(dy, x, layout, statistics, parameters, gradients);
}

/** All three gradients, once the frame is prepared; false where float32 does not carry them. */
function propagate(
  kernels: Kernels,
  dy: FloatArray,
  x: FloatArray,
  layout: Layout,
  { dx, dgamma, dbeta }: Gradients,
  statistics: "batch" | "fixed",
): boolean {
  const [given, seen] = [enter(kernels, "dy", dy), enter(kernels, "x", x)];
  if (!kernels.sum(given, seen, layout)) return false;
  const to = exit(kernels, dx, "dy", given);
  if (statistics === "fixed") kernels.scale(given, to, layout);
  else kernels.propagate(given, seen, to, layout);
  deliver(kernels, dx, to);
  // Last, since dgamma and dbeta may be where gamma or the statistics are.
  kernels.read(kernels.frame.dgamma, dgamma);
  kernels.read(kernels.frame.dbeta, dbeta);
  return true;
}
