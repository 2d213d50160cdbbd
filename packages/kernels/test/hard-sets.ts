import { type Layout, sizeOf } from "@batchnorm/core";
import { normals } from "./random.ts";

/** The values of one channel, in the order in which they are met. */
type HardSet = (m: number) => Float32Array;

const normal = (mean: number, deviation: number): HardSet => {
  return (m) => normals(`${m}`, m, mean, deviation);
};

/** Where one-pass and float32 statistics go wrong. */
export const hardSets: Readonly<Record<string, HardSet>> = {
  normal: normal(0, 1),
  "a large mean": normal(1e6, 1),
  "a large mean and a tiny spread": normal(1e4, 1e-2),
  "an outlier in the first row": (m) => normals(`${m}`, m).fill(1e6, 0, 1),
  constant: (m) => new Float32Array(m).fill(12345.678),
  alternating: (m) => Float32Array.from({ length: m }, (_, i) => 1000 + (i % 2 === 0 ? 1 : -1)),
  huge: normal(1e30, 1e32),
  tiny: normal(1e-30, 1e-25),
  "a ramp": (m) => normals(`${m}`, m).map((value, i) => value + (1000 * i) / m),
};

/** A tensor whose channels all hold these values. */
export function tensorOf(values: Float32Array, layout: Layout): Float32Array {
  const { channels, inner } = layout;
  return Float32Array.from({ length: sizeOf(layout) }, (_, i) => {
    const sample = Math.floor(i / (channels * inner));
    return values[sample * inner + (i % inner)] as number;
  });
}
