import type { ConvolutionWeights } from "@batchnorm/core";
import { positions, type Tap } from "./convolution.ts";

/** Sizes of a convolution, from which every layout makes its shape. */
export interface Sizes {
  readonly groups: number;
  /** Inputs of a group; 1 when depthwise. */
  readonly into: number;
  /** Outputs of a group; the multiplier when depthwise. */
  readonly out: number;
  readonly kernel: readonly number[];
}

/** How a host keeps its weights, written down by what it says of each index. */
export interface WeightLayout {
  readonly title: string;
  readonly kind: ConvolutionWeights["kind"];
  readonly outputAxis: number;
  readonly inputAxis: number;
  /** What the layout can express of these sizes. */
  readonly fit: (sizes: Sizes) => Sizes;
  readonly shape: (sizes: Sizes) => number[];
  readonly tap: (index: number[], sizes: Sizes) => Tap;
}

const one = (sizes: Sizes): Sizes => ({ ...sizes, groups: 1 });
const depthwise = (sizes: Sizes): Sizes => ({ ...sizes, into: 1 });

export const weightLayouts: readonly WeightLayout[] = [
  {
    title: "PyTorch [out, in / groups, …kernel]",
    kind: "conv",
    outputAxis: 0,
    inputAxis: 1,
    fit: (sizes) => sizes,
    shape: ({ groups, into, out, kernel }) => [groups * out, into, ...kernel],
    tap: ([o = 0, b = 0, ...at], { into, out }) => ({ o, i: Math.floor(o / out) * into + b, at }),
  },
  {
    title: "PyTorch depthwise [in · multiplier, 1, …kernel]",
    kind: "conv",
    outputAxis: 0,
    inputAxis: 1,
    fit: depthwise,
    shape: ({ groups, out, kernel }) => [groups * out, 1, ...kernel],
    tap: ([o = 0, , ...at], { out }) => ({ o, i: Math.floor(o / out), at }),
  },
  {
    title: "TF.js [...kernel, in, out]",
    kind: "conv",
    outputAxis: -1,
    inputAxis: -2,
    fit: one,
    shape: ({ into, out, kernel }) => [...kernel, into, out],
    tap: (index) => {
      const [i = 0, o = 0] = index.slice(-2);
      return { o, i, at: index.slice(0, -2) };
    },
  },
  {
    title: "Keras [...kernel, in / groups, out]",
    kind: "conv",
    outputAxis: -1,
    inputAxis: -2,
    fit: (sizes) => sizes,
    shape: ({ groups, into, out, kernel }) => [...kernel, into, groups * out],
    tap: (index, { into, out }) => {
      const [b = 0, o = 0] = index.slice(-2);
      return { o, i: Math.floor(o / out) * into + b, at: index.slice(0, -2) };
    },
  },
  {
    title: "TF.js depthwise [...kernel, in, multiplier]",
    kind: "depthwise",
    outputAxis: -1,
    inputAxis: -2,
    fit: depthwise,
    shape: ({ groups, out, kernel }) => [...kernel, groups, out],
    tap: (index, { out: multiplier }) => {
      const [i = 0, j = 0] = index.slice(-2);
      return { o: i * multiplier + j, i, at: index.slice(0, -2) };
    },
  },
  {
    title: "TF.js transposed [...kernel, out, in]",
    kind: "transposed",
    outputAxis: -2,
    inputAxis: -1,
    fit: one,
    shape: ({ into, out, kernel }) => [...kernel, out, into],
    tap: (index) => {
      const [o = 0, i = 0] = index.slice(-2);
      return { o, i, at: index.slice(0, -2) };
    },
  },
  {
    title: "PyTorch transposed [in, out / groups, …kernel]",
    kind: "transposed",
    outputAxis: 1,
    inputAxis: 0,
    fit: (sizes) => sizes,
    shape: ({ groups, into, out, kernel }) => [groups * into, out, ...kernel],
    tap: ([i = 0, a = 0, ...at], { into, out }) => ({ o: Math.floor(i / into) * out + a, i, at }),
  },
];

/** What each weight of a layout connects. */
export function tapsOf({ shape, tap }: WeightLayout, sizes: Sizes): Tap[] {
  return positions(shape(sizes)).map((index) => tap(index, sizes));
}
