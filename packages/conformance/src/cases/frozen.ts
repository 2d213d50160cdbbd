import type { Case } from "../case.ts";
import { reference, referenceWithGradients } from "../reference.ts";
import { inputs, samples } from "../samples.ts";
import { expectNumbers, expectThat } from "../tolerance.ts";
import { backward, forGradients, plain, put, training, withLayer } from "./ask.ts";

const epsilon = 1e-3;
const shape = [5, 2];
const frozenOptions = { ...plain, trainable: false };

export const frozen: readonly Case[] = [
  {
    id: "frozen/inference",
    title: "BN-5.1 a frozen layer runs as at inference when training is asked, and stays as it is",
    clause: "BN-5.1",
    requires: ["frozen"],
    run: (subject) =>
      withLayer(subject, frozenOptions, shape, async (layer) => {
        const statistics = { mean: [1, -2], variance: [4, 0.5] };
        await put(layer, {
          updates: 2,
          weight: 0.19,
          runningMean: statistics.mean,
          runningVariance: statistics.variance,
        });
        const x = inputs(subject, samples(40, 10));
        const y = await layer.forward(x, shape, training);
        expectNumbers(
          "y",
          y,
          reference(x, shape, { epsilon, statistics }).y,
          forGradients(subject),
        );
        const after = await layer.state();
        expectNumbers("runningMean", after.runningMean, statistics.mean, {
          relative: 0,
          absolute: 0,
        });
        expectNumbers("runningVariance", after.runningVariance, statistics.variance, {
          relative: 0,
          absolute: 0,
        });
        expectThat(after.updates === 2, "updates", "2", after.updates);
      }),
  },
  {
    id: "frozen/gradient",
    title: "BN-5.2 a frozen layer passes gamma · r · dy back when training is asked",
    clause: "BN-5.2",
    requires: ["frozen", "gradient"],
    run: (subject) =>
      withLayer(subject, frozenOptions, shape, async (layer) => {
        const statistics = { mean: [1, -2], variance: [4, 0.5] };
        await put(layer, {
          updates: 2,
          weight: 0.19,
          runningMean: statistics.mean,
          runningVariance: statistics.variance,
        });
        const [x, dy] = [inputs(subject, samples(41, 10)), inputs(subject, samples(42, 10))];
        await layer.forward(x, shape, training);
        const { dx } = await backward(layer, dy);
        const expected = referenceWithGradients(x, dy, shape, { epsilon, statistics });
        expectNumbers("dx", dx, expected.dx, forGradients(subject));
      }),
  },
];
