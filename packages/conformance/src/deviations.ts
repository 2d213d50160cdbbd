/** Where the contract differs from a source on purpose: such a golden is judged by the contract. */
export interface Deviation {
  readonly id: DeviationId;
  /** Of docs/spec.md: `BN-14.2`, or the clause that says what holds instead. */
  readonly clause: string;
  /** What the source does, what holds here instead, and how its golden is judged. */
  readonly reason: string;
}

/** The names of the deviations. */
export type DeviationId =
  | "fully-masked"
  | "empty-batch"
  | "darknet-training"
  | "infinite-mean"
  | "epsilon-zero-training";

const reasons: Readonly<Record<DeviationId, { clause: string; reason: string }>> = {
  "fully-masked": {
    clause: "BN-6.4",
    reason:
      "Keras lets mean 0 and variance 0 of a batch that is masked out whole enter the running statistics; " +
      "here nothing enters, as nothing was measured: y is judged by the golden, the state must stay",
  },
  "empty-batch": {
    clause: "BN-8.2",
    reason:
      "Keras and TensorFlow make NaN statistics of a batch of no samples; " +
      "here y is empty and the state must stay",
  },
  "darknet-training": {
    clause: "BN-14.2",
    reason:
      "darknet trains by the unbiased variance with epsilon outside the root; here the biased one and " +
      "epsilon inside, so y and dgamma are judged after the exact factor between the two, and dx, which in " +
      "darknet is not its y's gradient, channel by channel with the epsilon that makes the two equal",
  },
  "infinite-mean": {
    clause: "BN-3.10",
    reason:
      "PyTorch's mean of a channel with an infinity is infinite; here it may be NaN as well, " +
      "since both say that the channel is lost",
  },
  "epsilon-zero-training": {
    clause: "BN-8.3",
    reason:
      "the paper's formulas allow epsilon 0; here a layer refuses to train with it, " +
      "and the golden is judged with 1e-30, which vanishes next to its variances",
  },
};

/** Every deviation that a golden can meet. */
export const deviations: readonly Deviation[] = Object.entries(reasons).map(([id, deviation]) => ({
  id: id as DeviationId,
  ...deviation,
}));
