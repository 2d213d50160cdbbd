import { refuse } from "./errors.ts";
import type { ResolvedOptions } from "./options.ts";

/** How one forward pass is done. */
export interface Pass {
  /** Whether the batch's own statistics normalize it; else the running ones do. */
  readonly byBatch: boolean;
  /** Whether those statistics enter the running ones. */
  readonly updates: boolean;
}

/**
 * Decides how a layer's forward pass is done, the same in every host.
 *
 * @param mode - `training`: what the caller asked for; `trainable`: false when the layer is frozen, which
 * makes any pass one of inference.
 * @param m - Values per channel in this batch.
 * @throws {BatchNormError} `ERR_BATCHNORM_TOO_FEW_VALUES` for m = 1 under the policy `throw`;
 * `ERR_BATCHNORM_OPTION` for training with epsilon 0.
 */
export function planPass(
  options: ResolvedOptions,
  mode: { training: boolean; trainable: boolean },
  m: number,
): Pass {
  const { name, epsilon, onSingleValue, trackRunningStatistics, useBatchStatistics } = options;
  const learning = mode.training && mode.trainable;
  if (learning && epsilon === 0) {
    refuse("ERR_BATCHNORM_OPTION", `${name}: epsilon must be > 0 to train`, epsilon);
  }
  const byBatch = learning || useBatchStatistics || !trackRunningStatistics;
  if (byBatch && m === 1 && onSingleValue === "throw") {
    const rule =
      `${name}: a batch must hold 2 values per channel or more, since one has no variance; ` +
      'enlarge the batch, normalize by the running statistics, or set onSingleValue to "beta"';
    refuse("ERR_BATCHNORM_TOO_FEW_VALUES", rule, m);
  }
  return { byBatch, updates: learning && trackRunningStatistics && m > 0 };
}
