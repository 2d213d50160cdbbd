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
import { loadMoments, loadParameters, loadStatistics } from "./load.ts";
import { type Stage, stageFor } from "./stage.ts";

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
  const stage = stageFor(layout, x, dy, out.dx);
  if (!stage) return coreTraining(dy, x, layout, moments, parameters, out);
  requireOwnMoments(moments, layout);
  const gradients = requireGradientArguments(dy, x, layout, parameters, out);
  if (!stage.hasRoom(layout)) {
    const args: Parameters<typeof coreTraining<T>> = [dy, x, layout, moments, parameters, out];
    return stage.grow(layout, args, backwardTraining<T>, coreTraining<T>);
  }
  loadMoments(stage.kernels, moments, channels);
  loadParameters(stage.kernels, parameters, channels);
  const done =
    stage.kernels.prepare(layout, moments.count, parameters.epsilon) &&
    propagate(stage, dy, x, layout, gradients, "batch");
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
  const stage = stageFor(layout, x, dy, out.dx);
  if (!stage) return coreInference(dy, x, layout, statistics, parameters, out);
  requireStatistics(statistics, channels);
  const gradients = requireGradientArguments(dy, x, layout, parameters, out);
  if (!stage.hasRoom(layout)) {
    const args: Parameters<typeof coreInference<T>> = [dy, x, layout, statistics, parameters, out];
    return stage.grow(layout, args, backwardInference<T>, coreInference<T>);
  }
  loadStatistics(stage.kernels, statistics, channels);
  loadParameters(stage.kernels, parameters, channels);
  const done =
    stage.kernels.prepare(layout, 1, parameters.epsilon) &&
    propagate(stage, dy, x, layout, gradients, "fixed");
  return done ? gradients : coreInference(dy, x, layout, statistics, parameters, gradients);
}

/** All three gradients, once the frame is prepared; false where float32 does not carry them. */
function propagate(
  stage: Stage,
  dy: FloatArray,
  x: FloatArray,
  layout: Layout,
  { dx, dgamma, dbeta }: Gradients,
  statistics: "batch" | "fixed",
): boolean {
  const { kernels } = stage;
  const given = stage.enterDy(dy);
  const seen = stage.enterX(x);
  if (!kernels.sum(given, seen, layout)) return false;
  const to = stage.target;
  if (statistics === "fixed") kernels.scale(given, to, layout);
  else kernels.propagate(given, seen, to, layout);
  stage.deliver(dx);
  // Last, since dgamma and dbeta may be where gamma or the statistics are.
  kernels.read(kernels.frame.dgamma, dgamma);
  kernels.read(kernels.frame.dbeta, dbeta);
  return true;
}
