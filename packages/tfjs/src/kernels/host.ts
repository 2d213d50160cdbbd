import type { Layout, Passes } from "@batchnorm/core";
import type { TensorInfo } from "@tensorflow/tfjs-core";

/** A backend whose tensors lie where JavaScript reaches them. */
export interface Host {
  /** What computes: core's functions, or faster ones, on the values of its tensors. */
  readonly passes: Passes;
  /** A new tensor, float32. */
  make(shape: readonly number[]): TensorInfo;
  /** Frees a tensor that nobody was given. */
  dispose(tensor: TensorInfo): void;
  /**
   * The values of a pass's tensors, in place; to be written where the tensor was just made. They hold
   * until anything is allocated, which may move the memory.
   */
  open<T extends Record<string, TensorInfo | undefined>>(tensors: T, layout: Layout): Opened<T>;
}

export type Opened<T> = {
  [K in keyof T]: undefined extends T[K] ? Float32Array | undefined : Float32Array;
};

/** Applies a function to every tensor there is. Loops, since a small step is made of little else. */
export function openEach<T extends Record<string, TensorInfo | undefined>>(
  tensors: T,
  open: (tensor: TensorInfo) => Float32Array,
): Opened<T> {
  const opened: Record<string, Float32Array> = {};
  for (const name in tensors) {
    const tensor = tensors[name];
    if (tensor) opened[name] = open(tensor);
  }
  return opened as Opened<T>;
}
