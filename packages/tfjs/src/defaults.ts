import type { ResolvedOptions } from "@batchnorm/core";

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
