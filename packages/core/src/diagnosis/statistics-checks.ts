import { at, type Check, short, when } from "./check.ts";

/** Of the statistics against the given data, float32 and epsilon. */
export const statisticsChecks: readonly Check[] = [
  {
    problem: "mean-shift",
    measure: ({ state, running, batch, error, limits }, c) => {
      if (!running || !batch || !error || at(running.variance, c) < 0) return null;
      const unit = Math.sqrt(at(running.variance, c) + state.epsilon);
      const shift = (at(batch.mean, c) - at(running.mean, c)) / unit;
      const variance = Math.max(at(running.variance, c), at(batch.variance, c));
      const noise = Math.sqrt(variance * error.mean) / unit;
      return when(shift, () => Math.abs(shift) > limits.meanShift + limits.standardErrors * noise);
    },
    says: (value) =>
      `the mean of the given data lies ${short(value)} running deviations from the running mean, more than sampling explains`,
    advice:
      "check that the data are prepared as in training; if they are right, train on or recalibrate on them",
  },
  {
    problem: "variance-ratio",
    measure: ({ state, running, batch, error, limits }, c) => {
      if (!running || !batch || !error) return null;
      const [old, now] = [at(running.variance, c), at(batch.variance, c)];
      // A ratio with 0 is told as a zero variance, one with −1 or infinity as bad statistics.
      if (!(old > 0 && old < Infinity && now > 0)) return null;
      const { epsilon } = state;
      const ratio = (now + epsilon) / (old + epsilon);
      const noise = limits.standardErrors * Math.sqrt(error.logRatio);
      const pass = Math.log(limits.varianceRatio) + noise;
      return when(ratio, () => Math.abs(Math.log(ratio)) > pass);
    },
    badness: (value) => Math.abs(Math.log(value)),
    says: (value) =>
      `the variance of the given data is ${short(value)} times the running one, epsilon included, more than sampling explains`,
    advice:
      "check that the data are scaled as in training; if they are right, train on or recalibrate on them",
  },
  {
    problem: "mean-dominates",
    measure: ({ running, batch, limits }, c) => {
      // Either is enough: the running mean is rounded like the data.
      const ratios = [running, batch].map((source) => {
        if (!source) return 0;
        const variance = at(source.variance, c);
        return variance > 0 ? Math.abs(at(source.mean, c)) / Math.sqrt(variance) : 0;
      });
      const worst = Math.max(...ratios.filter(Number.isFinite));
      return when(worst, () => worst > limits.meanToDeviation);
    },
    says: (value) =>
      `|mean| is ${short(value)} deviations, so rounding x to float32 moves xHat by up to ${short(value / 2 ** 24)}`,
    advice: "subtract a constant near the mean from the inputs in float64, or keep them in float64",
  },
  {
    problem: "epsilon-dominates",
    measure: ({ state, running, batch, limits }, c) => {
      // What normalizes at inference, or else in training.
      const variance = at((running ?? batch)?.variance ?? [], c);
      const share = state.epsilon / variance;
      return when(share, () => variance > 0 && share >= limits.epsilonShare);
    },
    says: (value) =>
      `epsilon is ${short(value)} times the variance, so xHat's deviation is ${short(1 / Math.sqrt(1 + value))} and not 1`,
    advice:
      "scale the inputs up, or lower epsilon; if the channel should vary, look at the unit before",
  },
];
