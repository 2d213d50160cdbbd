import {
  passes as core,
  emptyMoments,
  type FloatArray,
  type Gradients,
  type Layout,
  type Passes,
} from "@batchnorm/core";
import { requireStatistics } from "@batchnorm/core/checks";
import { measure } from "./forward.ts";
import type { Kernels } from "./kernels.ts";
import { loadMoments, loadParameters, loadStatistics } from "./load.ts";

/**
 * core's passes over float32 arrays that lie in the memory of some kernels, which may be a host library's.
 * That they do, and that {@link Kernels.reserve} was called for their layout, is the caller's care; dx,
 * dgamma and dbeta must be given. What float32 does not carry, core does on the same arrays.
 */
export function passesOn(kernels: Kernels): Passes {
  const { heap, frame } = kernels;
  const at = (array: FloatArray): number => heap.pointerOf(array);

  /** dx by the one or the other formula, and the two sums; false where float32 does not carry them. */
  const propagate = (
    dy: FloatArray,
    x: FloatArray,
    layout: Layout,
    { dx, dgamma, dbeta }: Gradients,
    statistics: "batch" | "fixed",
  ): boolean => {
    if (!kernels.sum(at(dy), at(x), layout)) return false;
    if (statistics === "batch") kernels.propagate(at(dy), at(x), at(dx), layout);
    else kernels.scale(at(dy), at(dx), layout);
    kernels.read(frame.dgamma, dgamma);
    kernels.read(frame.dbeta, dbeta);
    return true;
  };

  return {
    ...core,
    computeMoments(x, layout, out = emptyMoments(layout.channels)) {
      const done = kernels.fits(layout) && measure(kernels, at(x), layout, out);
      return done ? out : core.computeMoments(x, layout, out);
    },
    forwardTraining(x, layout, parameters, out = {}) {
      const { y, moments = emptyMoments(layout.channels) } = out;
      if (!y || !kernels.fits(layout) || !measure(kernels, at(x), layout, moments)) {
        return core.forwardTraining(x, layout, parameters, { y, moments });
      }
      loadParameters(kernels, parameters, layout.channels);
      if (!kernels.prepare(layout, moments.count, parameters.epsilon)) {
        return { y: core.forwardByMoments(x, layout, moments, parameters, y), moments };
      }
      kernels.transform(at(x), at(y), layout);
      return { y, moments };
    },
    forwardInference(x, layout, statistics, parameters, y) {
      const { channels } = layout;
      requireStatistics(statistics, channels);
      if (y && kernels.fits(layout)) {
        loadStatistics(kernels, statistics, channels);
        loadParameters(kernels, parameters, channels);
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
        loadMoments(kernels, moments, layout.channels);
        loadParameters(kernels, parameters, layout.channels);
        const done =
          kernels.prepare(layout, moments.count, parameters.epsilon) &&
          propagate(dy, x, layout, gradients, "batch");
        if (done) return gradients;
      }
      return core.backwardTraining(dy, x, layout, moments, parameters, out);
    },
    backwardInference(dy, x, layout, statistics, parameters, out) {
      const { channels } = layout;
      requireStatistics(statistics, channels);
      const gradients = out as Gradients<typeof dy>;
      if (kernels.fits(layout)) {
        loadStatistics(kernels, statistics, channels);
        loadParameters(kernels, parameters, channels);
        const done =
          kernels.prepare(layout, 1, parameters.epsilon) &&
          propagate(dy, x, layout, gradients, "fixed");
        if (done) return gradients;
      }
      return core.backwardInference(dy, x, layout, statistics, parameters, out);
    },
  };
}
