import type { Layout } from "@batchnorm/core";

/**
 * The data of every worker, whatever its language: `offset + spread · frac(i · step)`. An irrational
 * step spreads the values evenly over [offset, offset + spread), in each channel too, and needs no
 * generator that would have to be written three times. Values of 0 or denormals never come up.
 */
function evenly(length: number, step: number, offset: number, spread: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => offset + spread * ((i * step) % 1));
}

const golden = (Math.sqrt(5) - 1) / 2;
const silver = Math.SQRT2 - 1;

export const epsilon = 1e-5;
export const activations = (length: number): Float32Array => evenly(length, golden, -0.5, 4);
export const gradient = (length: number): Float32Array => evenly(length, silver, -1, 2);

/** gamma, beta and the running statistics, near what the activations have. */
export function parametersOf({ channels }: Pick<Layout, "channels">) {
  return {
    gamma: evenly(channels, golden, 0.9, 0.2),
    beta: evenly(channels, silver, -0.1, 0.2),
    mean: new Float32Array(channels).fill(1.5),
    variance: new Float32Array(channels).fill(4 / 3),
    epsilon,
  };
}
