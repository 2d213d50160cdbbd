import type { FloatArray } from "@batchnorm/core";
import type { Case } from "../case.ts";
import { reference } from "../reference.ts";
import { inputs, samples } from "../samples.ts";
import type { Subject } from "../subject.ts";
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
/** What a batch with a NaN and one with an infinity are. */
const badBatches = (subject: Subject): FloatArray[] =>
  [Number.NaN, Number.POSITIVE_INFINITY].map((bad) => inputs(subject, [1, 2, 3, bad, 5, 6, 7, 8]));

export const running: readonly Case[] = [
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
