import type { Case } from "../case.ts";
import { referenceWithGradients } from "../reference.ts";
import { inputs, samples } from "../samples.ts";
import { expectNumbers, expectThat } from "../tolerance.ts";
import {
  backward,
  expectRefusal,
  forGradients,
  forStatistics,
  forY,
  plain,
  put,
  training,
  withLayer,
} from "./ask.ts";

const epsilon = 1e-3;
const shape = [3, 2, 2];
const mask = Uint8Array.of(1, 0, 1, 1, 0, 1);

export const masks: readonly Case[] = [
  {
    id: "mask/statistics",
    title: "BN-6.1 masked positions do not count in the statistics, and are normalized too",
    clause: "BN-6.1",
    requires: ["mask", "rank"],
    run: (subject) =>
      withLayer(subject, { ...plain, momentum: 0 }, shape, async (layer) => {
        const x = inputs(subject, samples(50, 12, 3));
        const expected = referenceWithGradients(x, x, shape, { epsilon, mask });
        const y = await layer.forward(x, shape, { training: true, mask });
        expectNumbers("y", y, expected.y, forY(subject));
        const state = await layer.state();
        expectNumbers("runningMean", state.runningMean, expected.mean, forStatistics(subject));
        expectNumbers(
          "runningVariance",
          state.runningVariance,
          expected.variance,
          forStatistics(subject),
        );
      }),
  },
  {
    id: "mask/nan",
    title: "BN-6.2 masked values are selected out, never multiplied: they may be NaN",
    clause: "BN-6.2",
    requires: ["mask", "rank"],
    run: (subject) =>
      withLayer(subject, { ...plain, momentum: 0 }, shape, async (layer) => {
        const clean = inputs(subject, samples(51, 12, 3));
        const x = clean.map((value, i) => (mask[Math.floor(i / 2)] === 1 ? value : Number.NaN));
        const expected = referenceWithGradients(clean, clean, shape, { epsilon, mask });
        const y = await layer.forward(x as typeof clean, shape, { training: true, mask });
        const counted = (values: ArrayLike<number>): number[] =>
          Array.from(values).filter((_, i) => mask[Math.floor(i / 2)] === 1);
        expectNumbers("y where it counts", counted(y), counted(expected.y), forY(subject));
        expectNumbers(
          "runningMean",
          (await layer.state()).runningMean,
          expected.mean,
          forStatistics(subject),
        );
      }),
  },
  {
    id: "mask/gradient",
    title: "BN-6.3 dgamma and dbeta sum all dy, and dx shares over the counted positions",
    clause: "BN-6.3",
    requires: ["mask", "rank", "gradient"],
    run: (subject) =>
      withLayer(subject, plain, shape, async (layer) => {
        const [gamma, beta] = [
          [2, -1],
          [0, 3],
        ];
        await put(layer, { gamma, beta });
        const [x, dy] = [inputs(subject, samples(52, 12)), inputs(subject, samples(53, 12))];
        await layer.forward(x, shape, { training: true, mask });
        const received = await backward(layer, dy);
        const expected = referenceWithGradients(x, dy, shape, { gamma, beta, epsilon, mask });
        for (const key of ["dx", "dgamma", "dbeta"] as const) {
          expectNumbers(key, received[key], expected[key], forGradients(subject));
        }
      }),
  },
  {
    id: "mask/all",
    title: "BN-6.4 where all is masked y is beta, and nothing changes",
    clause: "BN-6.4",
    requires: ["mask", "rank"],
    run: (subject) =>
      withLayer(subject, plain, shape, async (layer) => {
        await put(layer, { beta: [3, 4] });
        const before = await layer.state();
        const none = new Uint8Array(6);
        const y = await layer.forward(inputs(subject, samples(54, 12)), shape, {
          training: true,
          mask: none,
        });
        expectNumbers(
          "y",
          y,
          Array.from({ length: 12 }, (_, i) => 3 + (i % 2)),
          forY(subject),
        );
        const after = await layer.state();
        expectThat(after.updates === before.updates, "updates", `${before.updates}`, after.updates);
        expectNumbers("runningVariance", after.runningVariance, [1, 1], {
          relative: 0,
          absolute: 0,
        });
      }),
  },
  {
    id: "mask/single",
    title: "BN-6.5 a mask that leaves one position leaves one value per channel",
    clause: "BN-6.5",
    requires: ["mask", "rank", "single-value"],
    run: (subject) =>
      withLayer(subject, { ...plain, onSingleValue: "throw" }, shape, async (layer) => {
        const one = Uint8Array.of(0, 1, 0, 0, 0, 0);
        await expectRefusal("a mask of one position", /value/i, () =>
          layer.forward(inputs(subject, samples(55, 12)), shape, { training: true, mask: one }),
        );
      }),
  },
  {
    id: "mask/malformed",
    title: "BN-6.6 a mask of another length or value is refused",
    clause: "BN-6.6",
    requires: ["mask", "rank"],
    run: (subject) =>
      withLayer(subject, plain, shape, async (layer) => {
        const x = inputs(subject, samples(56, 12));
        for (const bad of [
          new Uint8Array(5),
          new Uint8Array(12),
          Uint8Array.of(1, 2, 1, 1, 1, 1),
        ]) {
          await expectRefusal("a malformed mask", /mask/i, () =>
            layer.forward(x, shape, { training: true, mask: bad }),
          );
        }
        await layer.forward(x, shape, training);
      }),
  },
];
