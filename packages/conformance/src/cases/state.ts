import type { BatchNormOptions, BatchNormState } from "@batchnorm/core";
import type { Case } from "../case.ts";
import { inputs, samples } from "../samples.ts";
import type { Feature } from "../subject.ts";
import { expectNumbers, expectThat } from "../tolerance.ts";
import {
  expectRefusal,
  forStatistics,
  forY,
  inference,
  plain,
  training,
  withLayer,
} from "./ask.ts";

const shape = [4, 2];
const exactly = { relative: 0, absolute: 0 };

const restored: readonly { id: string; options: BatchNormOptions; requires: readonly Feature[] }[] =
  [
    { id: "zero-one", options: {}, requires: [] },
    { id: "first-batch", options: { start: "first-batch" }, requires: ["first-batch"] },
    { id: "debiased", options: { start: "debiased" }, requires: ["debiased"] },
    { id: "cumulative", options: { momentum: "cumulative" }, requires: ["cumulative"] },
    { id: "unbiased", options: { varianceEstimator: "unbiased" }, requires: ["unbiased"] },
    { id: "plain-map", options: { scale: false, center: false }, requires: ["affine"] },
    { id: "renorm", options: { renorm: { rmax: 2, dmax: 1 } }, requires: ["renorm"] },
  ];

const malformed: readonly [string, (state: BatchNormState) => object][] = [
  ["a negative variance", () => ({ runningVariance: [1, -1] })],
  ["a NaN mean", () => ({ runningMean: [0, Number.NaN] })],
  ["an infinite variance", () => ({ runningVariance: [Number.POSITIVE_INFINITY, 1] })],
  ["too few values of gamma", () => ({ gamma: [1] })],
  [
    "another number of channels",
    () => ({
      channels: 3,
      gamma: [1, 1, 1],
      beta: [0, 0, 0],
      runningMean: [0, 0, 0],
      runningVariance: [1, 1, 1],
    }),
  ],
];

export const states: readonly Case[] = [
  ...restored.map(
    ({ id, options, requires }): Case => ({
      id: `state/${id}`,
      title: `BN-7.1 a saved layer goes on exactly as the other would: ${id}`,
      clause: "BN-7.1",
      requires,
      run: (subject) =>
        withLayer(subject, { ...plain, ...options }, shape, (original) =>
          withLayer(subject, { ...plain, ...options }, shape, async (copy) => {
            const batch = (seed: number) => inputs(subject, samples(seed, 8, 2, seed));
            for (const seed of [1, 2, 3]) await original.forward(batch(seed), shape, training);
            const saved = JSON.parse(JSON.stringify(await original.state())) as BatchNormState;
            await copy.load(saved);
            for (const request of [inference, training, inference]) {
              const expected = await original.forward(batch(4), shape, request);
              expectNumbers("y", await copy.forward(batch(4), shape, request), expected, exactly);
            }
            const [a, b] = [await original.state(), await copy.state()];
            const facts = ({ name: _, ...rest }: BatchNormState): string => JSON.stringify(rest);
            expectThat(facts(a) === facts(b), "the state", facts(a), facts(b));
          }),
        ),
    }),
  ),
  {
    id: "state/epsilon",
    title: "BN-7.1 a state brings its epsilon and momentum along",
    clause: "BN-7.1",
    requires: [],
    run: (subject) =>
      withLayer(subject, plain, shape, async (layer) => {
        await layer.load({ ...(await layer.state()), epsilon: 3, momentum: 0.5 });
        const x = inputs(subject, [2, 4, 6, 8, 2, 4, 6, 8]);
        const y = await layer.forward(x, shape, inference);
        expectNumbers(
          "y",
          y,
          Float64Array.from(x, (value) => value / 2),
          forY(subject),
        );
        await layer.forward(x, shape, training);
        const { runningMean } = await layer.state();
        expectNumbers("runningMean", runningMean, [2, 3], forStatistics(subject));
      }),
  },
  {
    id: "state/snapshot",
    title: "BN-7.2 a state does not change when the layer goes on",
    clause: "BN-7.2",
    requires: [],
    run: (subject) =>
      withLayer(subject, plain, shape, async (layer) => {
        const state = await layer.state();
        const before = JSON.stringify(state);
        await layer.forward(inputs(subject, samples(60, 8, 9)), shape, training);
        expectThat(JSON.stringify(state) === before, "the state", before, JSON.stringify(state));
      }),
  },
  ...malformed.map(
    ([name, change]): Case => ({
      id: `state/refuses-${name.replaceAll(" ", "-")}`,
      title: `BN-7.3 ${name} in a state is refused, and nothing is loaded`,
      clause: "BN-7.3",
      requires: [],
      run: (subject) =>
        withLayer(subject, plain, shape, async (layer) => {
          await layer.forward(inputs(subject, samples(61, 8)), shape, training);
          const state = await layer.state();
          const bad = { ...state, beta: [7, 7], ...change(state) } as BatchNormState;
          await expectRefusal(name, /./, () => layer.load(bad));
          const after = JSON.stringify(await layer.state());
          expectThat(after === JSON.stringify(state), "the state", JSON.stringify(state), after);
        }),
    }),
  ),
];
