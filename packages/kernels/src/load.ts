import type { AffineParameters, Moments, Statistics } from "@batchnorm/core";
import type { Kernels } from "./kernels.ts";

export function loadMoments(kernels: Kernels, { mean, m2 }: Moments, channels: number): void {
  kernels.load(kernels.frame.mean, mean, channels);
  kernels.load(kernels.frame.spread, m2, channels);
}

export function loadStatistics(
  kernels: Kernels,
  { mean, variance }: Statistics,
  channels: number,
): void {
  kernels.load(kernels.frame.mean, mean, channels);
  kernels.load(kernels.frame.spread, variance, channels);
}

export function loadParameters(
  kernels: Kernels,
  { gamma, beta }: AffineParameters,
  channels: number,
): void {
  kernels.load(kernels.frame.gamma, gamma, channels, 1);
  kernels.load(kernels.frame.beta, beta, channels, 0);
}
