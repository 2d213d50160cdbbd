import { type ResolvedOptions, refuse } from "@batchnorm/core";

/**
 * Keras's, which saved models assume; and a batch that is not finite is skipped, since to throw would
 * have every step wait for the device.
 */
export const defaults: Partial<ResolvedOptions> = {
  momentum: 0.99,
  epsilon: 1e-3,
  varianceEstimator: "biased",
  start: "zero-one",
  onNonFinite: "skip",
};

/** 2^−126, the smallest normal float32: a device may round what is below to 0, and divide by it. */
const smallest = 2 ** -126;

/** @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for what is no epsilon to a float32 device. */
export function requireEpsilon(epsilon: number): void {
  if (epsilon !== 0 && !(epsilon >= smallest && Number.isFinite(Math.fround(epsilon)))) {
    const rule = `epsilon must be 0 or a number from ${smallest} to the largest of float32`;
    refuse("ERR_BATCHNORM_OPTION", rule, epsilon);
  }
}
