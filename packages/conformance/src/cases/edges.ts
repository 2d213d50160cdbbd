import type { BatchNormOptions } from "@batchnorm/core";
import type { Case } from "../case.ts";
import { reference } from "../reference.ts";
import { inputs, samples } from "../samples.ts";
import type { Feature } from "../subject.ts";
import { expectNumbers, expectThat } from "../tolerance.ts";
import {
  backward,
  expectRefusal,
  expectSameState,
  forStatistics,
  forY,
  inference,
  plain,
  training,
  withLayer,
} from "./ask.ts";

const badOptions: readonly {
  name: string;
  options: object;
  names: RegExp;
  requires?: Feature[];
}[] = [
  { name: "momentum above 1", options: { momentum: 1.5 }, names: /momentum/i },
  { name: "momentum below 0", options: { momentum: -0.1 }, names: /momentum/i },
  { name: "a NaN momentum", options: { momentum: Number.NaN }, names: /momentum/i },
  {
    name: "momentum 1 with a debiased start",
    options: { momentum: 1, start: "debiased" },
    names: /momentum/i,
    requires: ["debiased"],
  },
  { name: "a negative epsilon", options: { epsilon: -1e-3 }, names: /epsilon/i },
  {
    name: "an infinite epsilon",
    options: { epsilon: Number.POSITIVE_INFINITY },
    names: /epsilon/i,
  },
  { name: "an axis that is not there", options: { axis: 2 }, names: /axis/i, requires: ["axis"] },
  { name: "an unknown option", options: { momentun: 0.9 }, names: /momentun/ },
];

export const edges: readonly Case[] = [
  {
    id: "edge/single-throw",
    title: "BN-8.1 one value per channel is refused in training, and the layer goes on",
    clause: "BN-8.1",
    requires: ["single-value"],
    run: (subject) =>
      withLayer(subject, { ...plain, onSingleValue: "throw" }, [4, 2], async (layer) => {
        const before = await layer.state();
        const one = inputs(subject, [1, 2]);
        await expectRefusal("one value per channel", /value|batch/i, () =>
          layer.forward(one, [1, 2], training),
        );
        expectSameState(before, await layer.state());
        await layer.forward(one, [1, 2], inference);
      }),
  },
  {
    id: "edge/single-beta",
    title: "BN-8.1 one value per channel gives beta when told to, and variance 0 enters",
    clause: "BN-8.1",
    requires: ["single-value"],
    run: (subject) =>
      withLayer(subject, { ...plain, onSingleValue: "beta" }, [4, 2], async (layer) => {
        const y = await layer.forward(inputs(subject, [1, 2]), [1, 2], training);
        expectNumbers("y", y, [0, 0], forY(subject));
        const { runningMean, runningVariance } = await layer.state();
        expectNumbers("runningMean", runningMean, [0.1, 0.2], forStatistics(subject));
        expectNumbers("runningVariance", runningVariance, [0.9, 0.9], forStatistics(subject));
      }),
  },
  {
    id: "edge/one-image",
    title: "BN-1.3 a batch of one image has a value per channel for each of its pixels",
    clause: "BN-1.3",
    requires: ["rank"],
    run: (subject) =>
      withLayer(subject, plain, [1, 2, 2, 3], async (layer) => {
        const x = inputs(subject, samples(70, 12));
        const y = await layer.forward(x, [1, 2, 2, 3], training);
        expectNumbers("y", y, reference(x, [4, 3], { epsilon: 1e-3 }).y, forY(subject));
      }),
  },
  {
    id: "edge/empty",
    title: "BN-8.2 an empty batch gives an empty y and changes nothing, not even the count",
    clause: "BN-8.2",
    requires: ["empty-batch"],
    run: (subject) =>
      withLayer(subject, plain, [4, 2], async (layer) => {
        const before = await layer.state();
        for (const request of [training, inference]) {
          const y = await layer.forward(inputs(subject, []), [0, 2], request);
          expectThat(y.length === 0, "y", "no numbers", y.length);
        }
        expectSameState(before, await layer.state());
      }),
  },
  {
    id: "edge/empty-gradient",
    title: "BN-8.2 an empty batch has gradients of 0",
    clause: "BN-8.2",
    requires: ["empty-batch", "gradient"],
    run: (subject) =>
      withLayer(subject, plain, [4, 2], async (layer) => {
        await layer.forward(inputs(subject, []), [0, 2], training);
        const { dx, dgamma, dbeta } = await backward(layer, inputs(subject, []));
        expectThat(dx.length === 0, "dx", "no numbers", dx.length);
        for (const sums of [dgamma, dbeta]) {
          expectNumbers("dgamma and dbeta", sums, [0, 0], { relative: 0, absolute: 0 });
        }
      }),
  },
  {
    id: "edge/epsilon-0",
    title: "BN-8.3 epsilon 0 is refused in training",
    clause: "BN-8.3",
    requires: [],
    async run(subject) {
      const x = inputs(subject, samples(71, 8));
      await expectRefusal("training with epsilon 0", /epsilon/i, () =>
        withLayer(subject, { ...plain, epsilon: 0 }, [4, 2], async (layer) => {
          await layer.forward(x, [4, 2], training);
        }),
      );
    },
  },
  ...badOptions.map(
    ({ name, options, names, requires = [] }): Case => ({
      id: `edge/${name.replaceAll(" ", "-")}`,
      title: `BN-8.4 ${name} is refused by name`,
      clause: "BN-8.4",
      requires,
      async run(subject) {
        await expectRefusal(name, names, () =>
          withLayer(
            subject,
            { ...plain, ...options } as BatchNormOptions,
            [4, 2],
            async (layer) => {
              await layer.forward(inputs(subject, samples(72, 8)), [4, 2], training);
            },
          ),
        );
      },
    }),
  ),
  {
    id: "edge/channels",
    title: "BN-8.5 an input with another number of channels is refused, and the layer goes on",
    clause: "BN-8.5",
    requires: [],
    run: (subject) =>
      withLayer(subject, plain, [4, 2], async (layer) => {
        const x = inputs(subject, samples(73, 12));
        const before = await layer.state();
        await expectRefusal("three channels for two", /./, () =>
          layer.forward(x, [4, 3], training),
        );
        expectSameState(before, await layer.state());
        const y = await layer.forward(x.slice(0, 8), [4, 2], training);
        expectNumbers("y", y, reference(x.slice(0, 8), [4, 2], { epsilon: 1e-3 }).y, forY(subject));
      }),
  },
];
