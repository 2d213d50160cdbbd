/** The float64 numbers that tell an executor how to do the next pass. */
export const controls = {
  rate: 0,
  momentum: 1,
  beta1: 2,
  beta2: 3,
  epsilon: 4,
  /** One of {@link outcomes}. */
  outcome: 5,
  /** 1 has a step tell the squared error, whatever loss it makes small. */
  tellsSquares: 6,
  /** Where those of Batch Normalization begin. */
  layers: 8,
} as const;

/** The same for each BN layer. */
export const layerControls = {
  epsilon: 0,
  /** Any number where it is `"cumulative"`. */
  momentum: 1,
  /** Index in {@link starts}. */
  start: 2,
  /** 1 normalizes by the running statistics. */
  frozen: 3,
  /** 1 takes M2 / (m − 1) into the running variance. */
  unbiased: 4,
  /** Index in {@link policies}. */
  onNonFinite: 5,
  /** 1 where the batch's statistics were not finite. */
  nonFinite: 6,
  size: 7,
} as const;

/** Running statistics that are cumulative have no other start. */
export const starts = ["zero-one", "first-batch", "debiased", "cumulative"] as const;

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
