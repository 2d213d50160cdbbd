import type { BatchNormOptions, FloatArray } from "@batchnorm/core";
import type { Case } from "../case.ts";
import { reference } from "../reference.ts";
import { inputs, samples } from "../samples.ts";
import type { Feature, Subject } from "../subject.ts";
import { expectNumbers, expectThat } from "../tolerance.ts";
import {
  expectRefusal,
  expectSameState,
  forStatistics,
  forY,
  inference,
  plain,
  training,
  withLayer,
} from "./ask.ts";

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

const byRule = rules.flatMap((rule) =>
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

/** What a batch with a NaN and one with an infinity are. */
const badBatches = (subject: Subject): FloatArray[] =>
  [Number.NaN, Number.POSITIVE_INFINITY].map((bad) => inputs(subject, [1, 2, 3, bad, 5, 6, 7, 8]));

export const running: readonly Case[] = [
  ...byRule,
  {
    id: "running/inference",
    title: "BN-3.2 inference uses the running mean and variance, and leaves them alone",
    clause: "BN-3.2",
    requires: [],
    run: (subject) =>
      withLayer(subject, plain, shape, async (layer) => {
        const statistics = { mean: [2, -1], variance: [0.25, 9] };
        const before = {
          ...(await layer.state()),
          updates: 5,
          weight: 1 - 0.9 ** 5,
          gamma: [2, 3],
          beta: [-1, 1],
          runningMean: statistics.mean,
          runningVariance: statistics.variance,
        };
        await layer.load(before);
        const x = inputs(subject, samples(9, 8, 1, 2));
        const y = await layer.forward(x, shape, inference);
        const expected = reference(x, shape, { ...before, epsilon, statistics }).y;
        expectNumbers("y", y, expected, forY(subject));
        const after = await layer.state();
        expectNumbers("runningMean", after.runningMean, statistics.mean, {
          relative: 0,
          absolute: 0,
        });
        expectNumbers("runningVariance", after.runningVariance, statistics.variance, {
          relative: 0,
          absolute: 0,
        });
        expectThat(after.updates === 5, "updates", "5", after.updates);
      }),
  },
  {
    id: "running/one-row",
    title: "BN-3.2 inference of a row does not depend on its neighbours",
    clause: "BN-3.2",
    requires: [],
    run: (subject) =>
      withLayer(subject, plain, shape, async (layer) => {
        await layer.forward(inputs(subject, samples(10, 8, 5)), shape, training);
        const x = inputs(subject, samples(11, 8, 5));
        const together = await layer.forward(x, shape, inference);
        const alone = await layer.forward(x.slice(0, 2), [1, 2], inference);
        expectNumbers("y", alone, together.slice(0, 2), forY(subject));
      }),
  },
  {
    id: "running/before-the-first",
    title: "BN-3.4 before the first batch the mean is 0 and the variance 1",
    clause: "BN-3.4",
    requires: [],
    run: (subject) =>
      withLayer(subject, { ...plain, epsilon: 3 }, shape, async (layer) => {
        const x = inputs(subject, samples(12, 8));
        const y = await layer.forward(x, shape, inference);
        expectNumbers(
          "y",
          y,
          Float64Array.from(x, (value) => value / 2),
          forY(subject),
        );
      }),
  },
  {
    id: "running/debiased-resumed",
    title: "BN-3.6 a debiased average goes on from its saved weight",
    clause: "BN-3.6",
    requires: ["debiased"],
    run: (subject) =>
      withLayer(subject, { ...plain, momentum: 0.5, start: "debiased" }, shape, async (layer) => {
        const state = await layer.state();
        await layer.load({
          ...state,
          updates: 1,
          weight: 0.5,
          runningMean: [4, 8],
          runningVariance: [1, 1],
          valuesPerChannel: 4,
        });
        const x = inputs(subject, [1, 10, 3, 30, 1, 10, 3, 30]);
        await layer.forward(x, shape, training);
        const { runningMean, weight } = await layer.state();
        // w 0.5 becomes 0.75: the old mean keeps a third.
        expectNumbers(
          "runningMean",
          runningMean,
          [4 / 3 + 4 / 3, 8 / 3 + 40 / 3],
          forStatistics(subject),
        );
        expectNumbers("weight", [weight], [0.75], forStatistics(subject));
      }),
  },
  {
    id: "running/training-ignores-them",
    title: "BN-3.11 in training y does not depend on the running statistics",
    clause: "BN-3.11",
    requires: [],
    run: (subject) =>
      withLayer(subject, plain, shape, async (layer) => {
        const state = await layer.state();
        await layer.load({
          ...state,
          updates: 3,
          weight: 1 - 0.9 ** 3,
          runningMean: [100, -50],
          runningVariance: [400, 0.01],
        });
        const x = inputs(subject, samples(13, 8));
        const y = await layer.forward(x, shape, training);
        expectNumbers("y", y, reference(x, shape, { epsilon }).y, forY(subject));
      }),
  },
  {
    id: "running/non-finite-throw",
    title: "BN-3.8 a batch that is not finite is refused, and nothing changes",
    clause: "BN-3.8",
    requires: ["non-finite-throw"],
    run: (subject) =>
      withLayer(subject, { ...plain, onNonFinite: "throw" }, shape, async (layer) => {
        await layer.forward(inputs(subject, samples(14, 8)), shape, training);
        const before = await layer.state();
        for (const x of badBatches(subject)) {
          await expectRefusal("a NaN or infinite batch", /finite/i, () =>
            layer.forward(x, shape, training),
          );
        }
        expectSameState(before, await layer.state());
      }),
  },
  {
    id: "running/non-finite-skip",
    title: "BN-3.9 a batch that is not finite is skipped whole: all channels and the count",
    clause: "BN-3.9",
    requires: ["non-finite-skip"],
    run: (subject) =>
      withLayer(subject, { ...plain, onNonFinite: "skip" }, shape, async (layer) => {
        await layer.forward(inputs(subject, samples(14, 8)), shape, training);
        const before = await layer.state();
        for (const x of badBatches(subject)) {
          const y = await layer.forward(x, shape, training);
          expectThat(y.length === 8, "y of a skipped batch", "8 numbers", y.length);
        }
        const after = await layer.state();
        expectNumbers("runningMean", after.runningMean, before.runningMean ?? [], {
          relative: 0,
          absolute: 0,
        });
        expectNumbers("runningVariance", after.runningVariance, before.runningVariance ?? [], {
          relative: 0,
          absolute: 0,
        });
        expectThat(after.updates === 1, "updates", "1", after.updates);
      }),
  },
  {
    id: "running/non-finite-propagate",
    title: "BN-3.10 a batch that is not finite enters when it is told to, in its channel alone",
    clause: "BN-3.10",
    requires: ["non-finite-propagate"],
    run: (subject) =>
      withLayer(subject, { ...plain, onNonFinite: "propagate" }, shape, async (layer) => {
        await layer.forward(badBatches(subject)[0] as FloatArray, shape, training);
        const { runningVariance, updates } = await layer.state();
        const finite = Array.from(runningVariance ?? [], Number.isFinite);
        expectThat(
          finite.join() === "true,false",
          "finite running variances",
          "true,false",
          finite,
        );
        expectThat(updates === 1, "updates", "1", updates);
      }),
  },
  ...[{ trackRunningStatistics: false }, { useBatchStatistics: true }].map(
    (options): Case => ({
      id: `running/${Object.keys(options)[0]}`,
      title: `BN-3.12 with ${JSON.stringify(options)} the batch normalizes at inference, and moves nothing`,
      clause: "BN-3.12",
      requires: ["batch-statistics"],
      run: (subject) =>
        withLayer(subject, { ...plain, ...options }, shape, async (layer) => {
          const x = inputs(subject, samples(15, 8, 3));
          const y = await layer.forward(x, shape, inference);
          expectNumbers("y", y, reference(x, shape, { epsilon }).y, forY(subject));
          const { updates, runningMean } = await layer.state();
          expectThat(updates === 0, "updates", "0", updates);
          const none = options.trackRunningStatistics === false;
          expectThat(!none || runningMean === null, "runningMean", "null", runningMean);
        }),
    }),
  ),
];
