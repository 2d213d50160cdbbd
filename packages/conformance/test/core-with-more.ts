import type { Subject } from "@batchnorm/conformance";
import { core } from "@batchnorm/conformance/core";
import {
  computeMoments,
  type Dense,
  foldAfter,
  foldBefore,
  layoutOf,
  mergeMoments,
  varianceOf,
} from "@batchnorm/core";

/** Core with the methods that its own subject may not have yet, so that every op is judged. */
export const coreWithMore: Subject = {
  ...core,
  supports: [...new Set([...core.supports, "fold", "population"] as const)],
  fold(dense, state, where) {
    const layer: Dense = { ...dense, outputAxis: 0 };
    const { weights, bias } =
      where === "after" ? foldAfter(layer, state) : foldBefore(layer, state);
    return { ...dense, weights, bias };
  },
  population(batches, channels, estimator) {
    const moments = batches.map((x) =>
      computeMoments(x, layoutOf([x.length / channels, channels])),
    );
    if (estimator !== "algorithm-2") {
      const all = moments.reduce((a, b) => mergeMoments(a, b));
      return { mean: all.mean, variance: varianceOf(all, estimator) };
    }
    const mean = (arrays: Float64Array[]): Float64Array =>
      new Float64Array(channels).map(
        (_, c) => arrays.reduce((sum, array) => sum + (array[c] as number), 0) / arrays.length,
      );
    return {
      mean: mean(moments.map((one) => one.mean)),
      variance: mean(moments.map((one) => varianceOf(one, "unbiased"))),
    };
  },
};
