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

/** @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` for what core does and this adapter does not. */
export function requireSupported({ renorm, virtualBatchSize }: ResolvedOptions): void {
  for (const [key, value] of Object.entries({ renorm, virtualBatchSize })) {
    if (value !== null) {
      refuse("ERR_BATCHNORM_UNSUPPORTED", `${key} must be null in TensorFlow.js, so far`, value);
    }
  }
}
