import type * as core from "@batchnorm/core";
import { emptyMoments, type Layout, sizeOf } from "@batchnorm/core";
import { activations, gradient, parametersOf } from "../sample-data.ts";
import type { Prepare } from "../worker.ts";
import type { Limits } from "./limits.ts";

/** The functions that core and the kernels share. */
export type Functions = Pick<
  typeof core,
  "forwardTraining" | "forwardInference" | "backwardTraining"
>;

/** Floats that stay where they are; `array` is read at each use, since WASM memory may move views. */
export interface Floats {
  readonly array: Float32Array;
  free(): void;
}

/** Floats on the JavaScript heap. */
export const plain = (length: number): Floats => ({
  array: new Float32Array(length),
  free() {},
});

/** The passes on one shape's tensors. */
interface Passes {
  forward(): unknown;
  inference(): unknown;
  backward(): unknown;
}

/**
 * The ops of one set of functions, on tensors that `floats` allocates.
 *
 * @param limits - What the same tensors allow, where they lie in WASM memory.
 */
export function batchNormOps(
  { forwardTraining, forwardInference, backwardTraining }: Functions,
  floats: (length: number) => Floats,
  limits?: Limits,
): Prepare {
  return ({ op, outer, channels, inner }) => {
    const layout: Layout = { outer, channels, inner };
    const { mean, variance, ...parameters } = parametersOf(layout);
    const statistics = { mean, variance };
    const moments = emptyMoments(channels);
    const sums = { dgamma: new Float64Array(channels), dbeta: new Float64Array(channels) };

    const length = sizeOf(layout);
    const hasBackward = op.endsWith("backward");
    const [x, y] = [floats(length), floats(length)];
    const [dy, dx] = hasBackward ? [floats(length), floats(length)] : [x, y];
    x.array.set(activations(length));
    if (hasBackward) dy.array.set(gradient(length));

    const passes: Passes = {
      forward: () => forwardTraining(x.array, layout, parameters, { y: y.array, moments }),
      inference: () => forwardInference(x.array, layout, statistics, parameters, y.array),
      backward: () =>
        backwardTraining(dy.array, x.array, layout, moments, parameters, { dx: dx.array, ...sums }),
    };
    const least: Passes | undefined = limits && {
      forward: () => limits.forward(x.array, y.array),
      inference: () => limits.inference(x.array, y.array),
      backward: () => limits.backward(dy.array, x.array, dx.array),
    };
    if (hasBackward) passes.forward();
    return {
      run: runOf(op, passes),
      limit: least && runOf(op, least),
      result: () => dx.array,
      dispose() {
        for (const tensor of new Set([x, y, dy, dx])) tensor.free();
      },
    };
  };
}

function runOf(op: string, { forward, inference, backward }: Passes): () => unknown {
  switch (op) {
    case "forward":
      return forward;
    case "inference":
      return inference;
    case "backward":
      return backward;
    default:
      return () => {
        forward();
        backward();
      };
  }
}
