import { type Check, short, when } from "./check.ts";
import { isInitial } from "./subject.ts";

/** Of the numbers that a layer is made of, and of how its statistics came about. */
export const layerChecks: readonly Check[] = [
  {
    problem: "non-finite-parameter",
    measure: ({ state }, c) => firstBad(state.gamma?.[c], state.beta?.[c]),
    says: (value) => `gamma or beta is ${value}, and so is every y`,
    advice:
      "go back to a state from before, then lower the learning rate or clip the gradients; look for NaN in the data and the loss",
  },
  {
    problem: "bad-running-statistics",
    measure: ({ state }, c) => {
      const variance = state.runningVariance?.[c];
      const negative = variance !== undefined && variance < 0 ? variance : null;
      return firstBad(state.runningMean?.[c], variance) ?? negative;
    },
    says: (value) => `a running mean or variance is ${value}, and y at inference is NaN`,
    advice:
      'recalibrate on clean data, or go back to a state from before; set onNonFinite to "throw" or "skip"',
  },
  {
    problem: "non-finite-batch",
    measure: ({ batch }, c) => firstBad(batch?.mean[c], batch?.variance[c]),
    says: (value) => `the mean or variance of the given data is ${value}`,
    advice: "look for NaN, infinite or huge values in the data, or in the layer before",
  },
  {
    problem: "dead-gamma",
    measure: ({ state, limits }, c) =>
      when(state.gamma?.[c], (gamma) => Math.abs(gamma) <= limits.deadGamma),
    badness: (value) => -Math.abs(value),
    says: (value) => `gamma is ${short(value)}, so y is beta whatever x is`,
    advice:
      "prune the channel, or set gamma back to 1 and weaken the weight decay on it; leave it if gamma starts at 0 on purpose, as at the end of a residual block",
  },
  {
    problem: "exploding-gamma",
    measure: ({ state, limits }, c) =>
      when(state.gamma?.[c], (gamma) => Math.abs(gamma) >= limits.explodingGamma),
    says: (value) => `gamma has grown to ${short(value)} from an initial 1`,
    advice: "lower the learning rate, clip the gradients or put weight decay on gamma",
  },
  {
    problem: "zero-running-variance",
    measure: ({ running, initialShare: share }, c) =>
      // What the initial 1 left over, to rounding. Below 1e-3 that is not told from a small variance,
      // and at 1, momentum's as well, nothing has entered.
      when(running?.variance[c], (variance) =>
        share > 1e-3 && share < 1 ? Math.abs(variance - share) <= 1e-12 : variance === 0,
      ),
    says: (value) => `x never varied in training: the running variance is ${short(value)}`,
    advice:
      "drop the constant feature, or find out why the unit before is dead; at inference any change of x is blown up by 1/√epsilon",
  },
  {
    problem: "zero-batch-variance",
    measure: ({ batch }, c) => {
      const several = batch !== null && batch.count > 1;
      return several ? when(batch.variance[c], (variance) => variance === 0) : null;
    },
    says: (_, { batch }) => `all ${batch?.count} values of the given data are equal, so y is beta`,
    advice: "drop the constant feature, find out why the unit before is dead, or shuffle the data",
  },
  {
    problem: "few-updates",
    measure: ({ state, limits }) => {
      const { updates } = state;
      const counted = state.runningMean !== null && (updates > 0 || isInitial(state));
      return counted && updates < limits.fewUpdates ? updates : null;
    },
    says: (value) =>
      value === 0
        ? "no batch has entered the running statistics, so inference normalizes by mean 0 and variance 1"
        : `the batches that have entered the running statistics are few: ${value}`,
    advice: "train on, or recalibrate on the training data, before inference",
  },
  {
    problem: "initial-share",
    measure: ({ initialShare, limits }) => when(initialShare, (p) => p > limits.initialShare),
    says: (value, { state, limits }) => {
      const needed = Math.ceil(
        Math.log(limits.initialShare / value) / Math.log(Number(state.momentum)),
      );
      const ahead = needed > 0 && Number.isFinite(needed) ? `, for ${needed} more updates` : "";
      const limit = `${short(100 * limits.initialShare)} %`;
      return `the initial mean 0 and variance 1 still weigh ${short(100 * value)} %, above ${limit}${ahead}`;
    },
    advice: 'train on, lower momentum, recalibrate, or set start to "debiased"',
  },
  {
    problem: "few-values",
    measure: ({ state, batch, limits }) => {
      const least = Math.min(state.valuesPerChannel ?? Infinity, batch?.count ?? Infinity);
      return least < limits.fewValues ? least : null;
    },
    says: (value) =>
      value > 1
        ? `a batch of ${value} values tells the variance to ${short(100 * Math.sqrt(2 / (value - 1)))} % only`
        : "a batch of one value has no variance",
    advice: "use larger batches, merge those of several replicas, or use Batch Renormalization",
  },
];

/** The first number that is not finite. JSON makes null of NaN. */
function firstBad(...values: (number | null | undefined)[]): number | null {
  const bad = values.find((value) => value !== undefined && !Number.isFinite(value));
  return bad === undefined ? null : (bad ?? Number.NaN);
}
