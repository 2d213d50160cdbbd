import type { BatchNormOptions, FloatArray } from "@batchnorm/core";
import type { Case } from "../case.ts";
import { reference } from "../reference.ts";
import { inputs, samples } from "../samples.ts";
import type { Feature, Subject } from "../subject.ts";
import { expectNumbers, expectThat } from "../tolerance.ts";
import { forStatistics, plain, training, withLayer } from "./ask.ts";

const epsilon = 1e-3;
const shape = [4, 2];
const batches = (subject: Subject): FloatArray[] =>
  [1, 2, 3].map((seed) => inputs(subject, samples(seed, seed === 2 ? 12 : 8, 3 * seed, seed)));

/** What remains of each batch and of the initial 0 and 1, as the contract's rules say it. */
interface Rule {
  readonly id: string;
  readonly clause: string;
  readonly says: string;
  readonly options: BatchNormOptions;
  readonly requires: readonly Feature[];
  readonly shares: readonly number[];
  readonly initial: number;
  /** What the state says that batches weigh. */
  readonly weight: number;
}

const rules: readonly Rule[] = [
  {
    id: "momentum",
    clause: "BN-3.1",
    says: "momentum weighs the old value",
    options: { momentum: 0.75 },
    requires: [],
    shares: [0.25 * 0.75 * 0.75, 0.25 * 0.75, 0.25],
    initial: 0.75 ** 3,
    weight: 1 - 0.75 ** 3,
  },
  {
    id: "momentum-0",
    clause: "BN-3.1",
    says: "momentum 0 keeps the last batch alone",
    options: { momentum: 0 },
    requires: [],
    shares: [0, 0, 1],
    initial: 0,
    weight: 1,
  },
  {
    id: "momentum-1",
    clause: "BN-3.1",
    says: "momentum 1 keeps the start",
    options: { momentum: 1 },
    requires: [],
    shares: [0, 0, 0],
    initial: 1,
    weight: 0,
  },
  {
    id: "first-batch",
    clause: "BN-3.5",
    says: "the first batch replaces the start",
    options: { momentum: 0.75, start: "first-batch" },
    requires: ["first-batch"],
    shares: [0.75 * 0.75, 0.25 * 0.75, 0.25],
    initial: 0,
    weight: 1,
  },
  {
    id: "debiased",
    clause: "BN-3.6",
    says: "a debiased average weighs batches by momentum^age",
    options: { momentum: 0.5, start: "debiased" },
    requires: ["debiased"],
    shares: [1 / 7, 2 / 7, 4 / 7],
    initial: 0,
    weight: 1 - 0.5 ** 3,
  },
  {
    id: "cumulative",
    clause: "BN-3.7",
    says: "a cumulative average counts every batch once, whatever its size",
    options: { momentum: "cumulative" },
    requires: ["cumulative"],
    shares: [1 / 3, 1 / 3, 1 / 3],
    initial: 0,
    weight: 1,
  },
  {
    id: "cumulative-debiased",
    clause: "BN-3.7",
    says: "a cumulative average ignores the start",
    options: { momentum: "cumulative", start: "debiased" },
    requires: ["cumulative", "debiased"],
    shares: [1 / 3, 1 / 3, 1 / 3],
    initial: 0,
    weight: 1,
  },
];

export const averages: readonly Case[] = rules.flatMap((rule) =>
  (["biased", "unbiased"] as const).map(
    (varianceEstimator): Case => ({
      id: `running/${rule.id}-${varianceEstimator}`,
      title: `${rule.clause} ${rule.says}, the variance ${varianceEstimator}`,
      clause: varianceEstimator === "unbiased" ? "BN-3.3" : rule.clause,
      requires: varianceEstimator === "unbiased" ? [...rule.requires, "unbiased"] : rule.requires,
      run: (subject) =>
        withLayer(
          subject,
          { ...plain, ...rule.options, varianceEstimator },
          shape,
          async (layer) => {
            const expected = { mean: [0, 0], variance: [rule.initial, rule.initial] };
            for (const [i, x] of batches(subject).entries()) {
              const rows = [x.length / 2, 2];
              await layer.forward(x, rows, training);
              const { mean, variance, m } = reference(x, rows, { epsilon });
              const factor = varianceEstimator === "unbiased" ? m / (m - 1) : 1;
              for (const c of [0, 1] as const) {
                const share = rule.shares[i] as number;
                expected.mean[c] = (expected.mean[c] as number) + share * (mean[c] as number);
                const added = share * (variance[c] as number) * factor;
                expected.variance[c] = (expected.variance[c] as number) + added;
              }
            }
            const { runningMean, runningVariance, updates, weight } = await layer.state();
            expectNumbers("runningMean", runningMean, expected.mean, forStatistics(subject));
            expectNumbers(
              "runningVariance",
              runningVariance,
              expected.variance,
              forStatistics(subject),
            );
            expectThat(updates === 3, "updates", "3", updates);
            expectNumbers("weight", [weight], [rule.weight], forStatistics(subject));
          },
        ),
    }),
  ),
);
