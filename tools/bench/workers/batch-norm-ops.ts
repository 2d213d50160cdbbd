import type * as core from "@batchnorm/core";
import { emptyMoments, type Layout, sizeOf } from "@batchnorm/core";
import { activations, gradient, parametersOf } from "../sample-data.ts";
import type { Prepare, Prepared } from "../worker.ts";

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

/** The ops of one set of functions, on tensors that `floats` allocates. */
export function batchNormOps(functions: Functions, floats: (length: number) => Floats): Prepare {
  return ({ op, outer, channels, inner }) => {
    const tensors: Floats[] = [];
    const tensor = (values: Float32Array | number): Floats => {
      const made = floats(typeof values === "number" ? values : values.length);
      if (typeof values !== "number") made.array.set(values);
      tensors.push(made);
      return made;
    };
    const made = opOf(op, functions, { outer, channels, inner }, tensor);
    const dispose = () => {
      for (const made of tensors) made.free();
    };
    return { ...made, dispose };
  };
}

function opOf(
  op: string,
  { forwardTraining, forwardInference, backwardTraining }: Functions,
  layout: Layout,
  tensor: (values: Float32Array | number) => Floats,
): Prepared {
  const { channels } = layout;
  const length = sizeOf(layout);
  const { mean, variance, ...parameters } = parametersOf(layout);
  const statistics = { mean, variance };
  const moments = emptyMoments(channels);
  const x = tensor(activations(length));
  const y = tensor(length);
  const forward = () => forwardTraining(x.array, layout, parameters, { y: y.array, moments });
  if (op === "forward") return { run: forward, result: () => y.array };
  if (op === "inference") {
    const run = () => forwardInference(x.array, layout, statistics, parameters, y.array);
    return { run, result: () => y.array };
  }

  forward();
  const dy = tensor(gradient(length));
  const dx = tensor(length);
  const dgamma = new Float64Array(channels);
  const dbeta = new Float64Array(channels);
  const backward = () =>
    backwardTraining(dy.array, x.array, layout, moments, parameters, {
      dx: dx.array,
      dgamma,
      dbeta,
    });
  if (op === "backward") return { run: backward, result: () => dx.array };
  const both = () => {
    forward();
    backward();
  };
  return { run: both, result: () => dx.array };
}
