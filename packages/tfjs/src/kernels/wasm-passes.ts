import {
  passes as core,
  emptyMoments,
  type FloatArray,
  type Gradients,
  type Layout,
  type Moments,
  type Passes,
  valuesPerChannel,
} from "@batchnorm/core";
import { requireStatistics } from "@batchnorm/core/checks";
import type { Kernels } from "@batchnorm/kernels";

/**
 * core's passes on float32 arrays that lie in a memory of someone else's, where the kernels have room
 * already. What float32 does not carry, core does on the same arrays.
 */
export function passesOn(kernels: Kernels): Passes {
  const { heap, frame } = kernels;
  const at = (array: FloatArray): number => heap.pointerOf(array as Float32Array);

  const load = (
    { channels }: Layout,
    mean: FloatArray,
    spread: FloatArray,
    gamma: FloatArray | null | undefined,
    beta: FloatArray | null | undefined,
  ): void => {
    kernels.load(frame.mean, mean, channels);
    kernels.load(frame.spread, spread, channels);
    kernels.load(frame.gamma, gamma, channels, 1);
    kernels.load(frame.beta, beta, channels, 0);
  };

  const measure = (x: FloatArray, layout: Layout, moments: Moments): boolean => {
    if (!kernels.fits(layout) || !kernels.moments(at(x), layout)) return false;
    kernels.read(frame.mean, moments.mean);
    kernels.read(frame.spread, moments.m2);
    moments.meanLow.fill(0);
    moments.count = valuesPerChannel(layout);
    return true;
  };

  /** dx by the one or the other formula, and the two sums; false where float32 does not carry them. */
  const propagate = (
    dy: FloatArray,
    x: FloatArray,
    layout: Layout,
    { dx, dgamma, dbeta }: Gradients,
    byBatch: boolean,
  ): boolean => {
    if (!kernels.sum(at(dy), at(x), layout)) return false;
    if (byBatch) kernels.propagate(at(dy), at(x), at(dx), layout);
    else kernels.scale(at(dy), at(dx), layout);
    kernels.read(frame.dgamma, dgamma);
    kernels.read(frame.dbeta, dbeta);
    return true;
  };

  return {
    ...core,
    computeMoments(x, layout, out = emptyMoments(layout.channels)) {
      return measure(x, layout, out) ? out : core.computeMoments(x, layout, out);
    },
    forwardTraining(x, layout, parameters, out = {}) {
      const { y, moments = emptyMoments(layout.channels) } = out;
      if (!y || !measure(x, layout, moments)) {
        return core.forwardTraining(x, layout, parameters, { y, moments });
      }
      kernels.load(frame.gamma, parameters.gamma, layout.channels, 1);
      kernels.load(frame.beta, parameters.beta, layout.channels, 0);
      if (!kernels.prepare(layout, moments.count, parameters.epsilon)) {
        return { y: core.forwardByMoments(x, layout, moments, parameters, y), moments };
      }
      kernels.transform(at(x), at(y), layout);
      return { y, moments };
    },
    forwardInference(x, layout, statistics, parameters, y) {
      requireStatistics(statistics, layout.channels);
      if (y && kernels.fits(layout)) {
        load(layout, statistics.mean, statistics.variance, parameters.gamma, parameters.beta);
        if (kernels.prepare(layout, 1, parameters.epsilon)) {
          kernels.transform(at(x), at(y), layout);
          return y;
        }
      }
      return core.forwardInference(x, layout, statistics, parameters, y);
    },
    backwardTraining(dy, x, layout, moments, parameters, out) {
      const gradients = out as Gradients<typeof dy>;
      if (kernels.fits(layout)) {
        load(layout, moments.mean, moments.m2, parameters.gamma, null);
        const done =
          kernels.prepare(layout, moments.count, parameters.epsilon) &&
          propagate(dy, x, layout, gradients, true);
        if (done) return gradients;
      }
      return core.backwardTraining(dy, x, layout, moments, parameters, out);
    },
    backwardInference(dy, x, layout, statistics, parameters, out) {
      requireStatistics(statistics, layout.channels);
      const gradients = out as Gradients<typeof dy>;
      if (kernels.fits(layout)) {
        load(layout, statistics.mean, statistics.variance, parameters.gamma, null);
        const done =
          kernels.prepare(layout, 1, parameters.epsilon) &&
          propagate(dy, x, layout, gradients, false);
        if (done) return gradients;
      }
      return core.backwardInference(dy, x, layout, statistics, parameters, out);
    },
  };
}
