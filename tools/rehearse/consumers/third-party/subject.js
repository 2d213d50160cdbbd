// An adapter that is not ours: a layer that is called with whole rows, and keeps nothing but numbers.
import { BatchNorm, layoutOf } from "@batchnorm/core";

export const subject = {
  name: "a third party's layer",
  supports: ["float64", "rank", "axis", "affine", "gradient", "frozen", "unbiased"],
  create(options, shape) {
    const layer = new BatchNorm(layoutOf(shape, options.axis).channels, options);
    return {
      forward: (x, shape, { training, mask }) => layer.forward(x, shape, { training, mask }),
      backward: (dy) => layer.backward(dy),
      state: () => layer.toState(),
      load: (state) => layer.loadState(state),
      dispose() {},
    };
  },
};
