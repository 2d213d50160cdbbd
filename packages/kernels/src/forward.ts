import {
  type AffineParameters,
  forwardByMoments as coreByMoments,
  forwardInference as coreInference,
  computeMoments as coreMoments,
  forwardTraining as coreTraining,
  emptyMoments,
  type FloatArray,
  type Layout,
  type Moments,
  type Statistics,
  valuesPerChannel,
} from "@batchnorm/core";
import {
  outputFor,
  requireMoments,
  requireParameters,
  requireStatistics,
} from "@batchnorm/core/checks";
import type { Kernels } from "./kernels.ts";
import { loadMoments, loadParameters, loadStatistics } from "./load.ts";
import { type Stage, stageFor } from "./stage.ts";

/**
 * core's `computeMoments`, in one pass over float32 tensors: float32 sums in blocks around the mean so
 * far, float64 between blocks. The variance is within 1e-6 of exact, relative; `meanLow` is 0.
 *
 * @throws {BatchNormError} as core's.
 */
export function computeMoments(
  x: FloatArray,
  layout: Layout,
  out: Moments = emptyMoments(layout.channels),
): Moments {
  const stage = stageFor(layout, x, null, null);
  if (!stage) return coreMoments(x, layout, out);
  requireMoments("out", out, layout.channels);
  if (!stage.hasRoom(layout)) {
    return stage.grow(layout, [x, layout, out], computeMoments, coreMoments);
  }
  return measure(stage.kernels, stage.enterX(x), layout, out) ? out : coreMoments(x, layout, out);
}

/**
 * core's `forwardTraining`: `y = gamma · (x − mean) / √(variance + epsilon) + beta` by the batch.
 *
 * @throws {BatchNormError} as core's.
 */
export function forwardTraining<T extends FloatArray>(
  x: T,
  layout: Layout,
  parameters: AffineParameters,
  out: { y?: T | undefined; moments?: Moments | undefined } = {},
): { y: T; moments: Moments } {
  const { channels } = layout;
  const stage = stageFor(layout, x, null, out.y);
  if (!stage) return coreTraining(x, layout, parameters, out);
  requireParameters(parameters, channels);
  if (out.moments) requireMoments("out.moments", out.moments, channels);
  const y = outputFor("out.y", out.y, x, [x]);
  if (!stage.hasRoom(layout)) {
    const args: Parameters<typeof coreTraining<T>> = [x, layout, parameters, out];
    return stage.grow(layout, args, forwardTraining<T>, coreTraining<T>);
  }
  const { moments = emptyMoments(channels) } = out;
  const entered = stage.enterX(x);
  if (!measure(stage.kernels, entered, layout, moments)) {
    return coreTraining(x, layout, parameters, { y, moments });
  }
  loadParameters(stage.kernels, parameters, channels);
  const done = normalize(stage, entered, layout, moments.count, parameters.epsilon, y);
  return { y: done ? y : coreByMoments(x, layout, moments, parameters, y), moments };
}

/**
 * core's `forwardByMoments`: {@link forwardTraining} by moments that are known already.
 *
 * @throws {BatchNormError} as core's.
 */
export function forwardByMoments<T extends FloatArray>(
  x: T,
  layout: Layout,
  moments: Moments,
  parameters: AffineParameters,
  out?: T,
): T {
  const { channels } = layout;
  const stage = stageFor(layout, x, null, out);
  if (!stage) return coreByMoments(x, layout, moments, parameters, out);
  requireParameters(parameters, channels);
  requireMoments("moments", moments, channels);
  const y = outputFor("out", out, x, [x]);
  if (!stage.hasRoom(layout)) {
    const args: Parameters<typeof coreByMoments<T>> = [x, layout, moments, parameters, out];
    return stage.grow(layout, args, forwardByMoments<T>, coreByMoments<T>);
  }
  // Moments of nothing make NaN of every coefficient, and core then makes beta of every y.
  loadMoments(stage.kernels, moments, channels);
  loadParameters(stage.kernels, parameters, channels);
  const entered = stage.enterX(x);
  const done = normalize(stage, entered, layout, moments.count, parameters.epsilon, y);
  return done ? y : coreByMoments(x, layout, moments, parameters, y);
}

/**
 * core's `forwardInference`: `y = gamma · (x − mean) / √(variance + epsilon) + beta` by fixed statistics.
 *
 * @throws {BatchNormError} as core's.
 */
export function forwardInference<T extends FloatArray>(
  x: T,
  layout: Layout,
  statistics: Statistics,
  parameters: AffineParameters,
  out?: T,
): T {
  const { channels } = layout;
  const stage = stageFor(layout, x, null, out);
  if (!stage) return coreInference(x, layout, statistics, parameters, out);
  requireParameters(parameters, channels);
  requireStatistics(statistics, channels);
  const y = outputFor("out", out, x, [x]);
  if (!stage.hasRoom(layout)) {
    const args: Parameters<typeof coreInference<T>> = [x, layout, statistics, parameters, out];
    return stage.grow(layout, args, forwardInference<T>, coreInference<T>);
  }
  loadStatistics(stage.kernels, statistics, channels);
  loadParameters(stage.kernels, parameters, channels);
  const done = normalize(stage, stage.enterX(x), layout, 1, parameters.epsilon, y);
  return done ? y : coreInference(x, layout, statistics, parameters, y);
}

/** Moments into the frame and into `out`; false where float32 does not carry them. */
export function measure(kernels: Kernels, x: number, layout: Layout, out: Moments): boolean {
  if (!kernels.moments(x, layout)) return false;
  kernels.read(kernels.frame.mean, out.mean);
  kernels.read(kernels.frame.spread, out.m2);
  out.meanLow.fill(0);
  out.count = valuesPerChannel(layout);
  return true;
}

/** y from the frame's statistics and parameters; false where float32 does not carry them. */
function normalize(
  stage: Stage,
  x: number,
  layout: Layout,
  divisor: number,
  epsilon: number,
  y: FloatArray,
): boolean {
  const { kernels } = stage;
  if (!kernels.prepare(layout, divisor, epsilon)) return false;
  kernels.transform(x, stage.target, layout);
  stage.deliver(y);
  return true;
}
