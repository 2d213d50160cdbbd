/** The float64 numbers that tell an executor how to do the next pass. */
export const controls = {
  rate: 0,
  momentum: 1,
  beta1: 2,
  beta2: 3,
  epsilon: 4,
  /** 1 / (1 − beta2ᵗ). */
  secondScale: 5,
  /** One of {@link outcomes}. */
  outcome: 6,
  /** Where those of Batch Normalization begin. */
  layers: 8,
} as const;

/** The same for each BN layer. */
export const layerControls = {
  epsilon: 0,
  /** What an update leaves of the running statistics. */
  keep: 1,
  /** 1 normalizes by the running statistics. */
  frozen: 2,
  /** 1 takes M2 / (m − 1) into the running variance. */
  unbiased: 3,
  /** Index in {@link policies}. */
  onNonFinite: 4,
  /** 1 where the batch's statistics were not finite. */
  nonFinite: 5,
  size: 6,
} as const;

export const policies = ["throw", "skip", "propagate"] as const;

/** How a step ended. */
export const outcomes = {
  /** All of it was done. */
  done: 0,
  /** A layer's statistics are not finite, and its policy is `throw`: nothing has changed. */
  refused: 1,
  /** Done, but for the running statistics of layers that skipped it. */
  skipped: 2,
  /** The loss is not finite: nothing has changed. */
  diverged: 3,
  /** The loss is not finite: running statistics have taken that in, as their policy says. */
  propagated: 4,
} as const;
