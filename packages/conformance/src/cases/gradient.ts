import type { Case } from "../case.ts";
import { differences, reference, referenceWithGradients } from "../reference.ts";
import { inputs, samples } from "../samples.ts";
import { expectNumbers } from "../tolerance.ts";
import {
  backward,
  expectSameState,
  forGradients,
  inference,
  plain,
  put,
  training,
  withLayer,
} from "./ask.ts";

const epsilon = 1e-3;

const views: readonly { shape: number[]; axis: number }[] = [
  { shape: [6, 3], axis: -1 },
  { shape: [3, 6], axis: 0 },
  { shape: [3, 2, 5], axis: 1 },
  { shape: [2, 3, 4, 2], axis: 3 },
  { shape: [2, 2, 3, 2, 2], axis: 1 },
];

const ofEveryView: readonly Case[] = views.map(({ shape, axis }) => ({
  id: `gradient/view-${shape.join("x")}-axis${axis}`,
  title: `BN-4.1 gradients go through the batch's mean and variance, shape [${shape}], axis ${axis}`,
  clause: "BN-4.1",
  requires: [
    "gradient",
    ...(shape.length > 2 ? (["rank"] as const) : []),
    ...(axis === -1 || axis === shape.length - 1 ? [] : (["axis"] as const)),
  ],
  run: (subject) =>
    withLayer(subject, { ...plain, axis }, shape, async (layer) => {
      const length = shape.reduce((a, b) => a * b);
      const channels = shape.at(axis) as number;
      const gamma = Array.from(samples(20, channels));
      const beta = Array.from(samples(21, channels));
      await put(layer, { gamma, beta });
      const [x, dy] = [
        inputs(subject, samples(22, length, 2, 3)),
        inputs(subject, samples(23, length)),
      ];
      await layer.forward(x, shape, training);
      const received = await backward(layer, dy);
      const expected = referenceWithGradients(x, dy, shape, { axis, gamma, beta, epsilon });
      for (const key of ["dx", "dgamma", "dbeta"] as const) {
        expectNumbers(key, received[key], expected[key], forGradients(subject));
      }
    }),
}));

const shape = [5, 2];

export const gradient: readonly Case[] = [
  ...ofEveryView,
  {
    id: "gradient/shared-part",
    title: "BN-4.1 what all values of a channel share in dy does not reach x",
    clause: "BN-4.1",
    requires: ["gradient"],
    run: (subject) =>
      withLayer(subject, plain, shape, async (layer) => {
        await layer.forward(inputs(subject, samples(24, 10)), shape, training);
        const { dx } = await backward(layer, inputs(subject, new Float64Array(10).fill(3)));
        expectNumbers("dx", dx, new Float64Array(10), forGradients(subject));
      }),
  },
  {
    id: "gradient/scale-invariance",
    title: "BN-4.2 dx has no part along xHat but epsilon's",
    clause: "BN-4.2",
    requires: ["gradient"],
    run: (subject) =>
      withLayer(subject, { ...plain, epsilon: 1e-6 }, shape, async (layer) => {
        const x = inputs(subject, samples(25, 10, 0, 3));
        await layer.forward(x, shape, training);
        const { dx } = await backward(layer, inputs(subject, samples(26, 10)));
        const { mean } = reference(x, shape, { epsilon: 1e-6 });
        const along = [0, 1].map((c) =>
          Array.from(dx).reduce(
            (sum, g, i) => sum + (i % 2 === c ? g * ((x[i] as number) - (mean[c] as number)) : 0),
            0,
          ),
        );
        expectNumbers("Σ dx · (x − mean)", along, [0, 0], { relative: 0, absolute: 2e-5 });
      }),
  },
  {
    id: "gradient/no-affine",
    title: "BN-4.1 dx is right without gamma and beta",
    clause: "BN-4.1",
    requires: ["gradient", "affine"],
    run: (subject) =>
      withLayer(subject, { ...plain, scale: false, center: false }, shape, async (layer) => {
        const [x, dy] = [inputs(subject, samples(27, 10)), inputs(subject, samples(28, 10))];
        await layer.forward(x, shape, training);
        const { dx } = await backward(layer, dy);
        expectNumbers(
          "dx",
          dx,
          referenceWithGradients(x, dy, shape, { epsilon }).dx,
          forGradients(subject),
        );
      }),
  },
  {
    id: "gradient/changes-nothing",
    title: "BN-4.6 backward changes nothing, though it may have to run forward again",
    clause: "BN-4.6",
    requires: ["gradient"],
    run: (subject) =>
      withLayer(subject, plain, shape, async (layer) => {
        await layer.forward(inputs(subject, samples(43, 10, 5)), shape, training);
        const before = await layer.state();
        await backward(layer, inputs(subject, samples(44, 10)));
        expectSameState(before, await layer.state());
      }),
  },
  {
    id: "gradient/constant-channel",
    title: "BN-4.3 a constant channel has dgamma 0",
    clause: "BN-4.3",
    requires: ["gradient"],
    run: (subject) =>
      withLayer(subject, plain, [6, 1], async (layer) => {
        await layer.forward(inputs(subject, new Float64Array(6).fill(2.5)), [6, 1], training);
        const { dgamma } = await backward(layer, inputs(subject, samples(29, 6)));
        expectNumbers("dgamma", dgamma, [0], forGradients(subject));
      }),
  },
  {
    id: "gradient/large-mean",
    title: "BN-4.4 gradients at a mean of 1e8 are those at 0",
    clause: "BN-4.4",
    requires: ["gradient", "float64"],
    run: (subject) =>
      withLayer(subject, plain, [40, 1], async (layer) => {
        // On a grid that 1e8 does not round.
        const near = samples(30, 40).map((value) => Math.round(value * 2 ** 20) / 2 ** 20);
        const dy = samples(31, 40);
        await layer.forward(
          near.map((value) => value + 1e8),
          [40, 1],
          training,
        );
        const received = await backward(layer, dy);
        const expected = referenceWithGradients(near, dy, [40, 1], { epsilon });
        const bound = { relative: 1e-11, absolute: 1e-11 };
        expectNumbers("dx", received.dx, expected.dx, bound);
        expectNumbers("dgamma", received.dgamma, expected.dgamma, bound);
      }),
  },
  {
    id: "gradient/inference",
    title: "BN-5.2 at inference the statistics are constants: dx = gamma · r · dy",
    clause: "BN-5.2",
    requires: ["gradient"],
    run: (subject) =>
      withLayer(subject, plain, shape, async (layer) => {
        const statistics = { mean: [1, -2], variance: [4, 0.5] };
        const [gamma, beta] = [
          [2, -3],
          [0, 1],
        ];
        await put(layer, {
          gamma,
          beta,
          updates: 2,
          weight: 0.19,
          runningMean: statistics.mean,
          runningVariance: statistics.variance,
        });
        const [x, dy] = [inputs(subject, samples(32, 10)), inputs(subject, samples(33, 10))];
        await layer.forward(x, shape, inference);
        const received = await backward(layer, dy);
        const expected = referenceWithGradients(x, dy, shape, { gamma, beta, epsilon, statistics });
        for (const key of ["dx", "dgamma", "dbeta"] as const) {
          expectNumbers(key, received[key], expected[key], forGradients(subject));
        }
      }),
  },
  {
    id: "gradient/statistics",
    title: "BN-5.4 the running mean and variance have gradients",
    clause: "BN-5.4",
    requires: ["statistics-gradients"],
    async run(subject) {
      const [x, dy] = [inputs(subject, samples(34, 10)), inputs(subject, samples(35, 10))];
      const [mean, variance] = [Float64Array.of(0.5, -1), Float64Array.of(2, 0.3)];
      const [gamma, beta] = [Float64Array.of(2, -3), Float64Array.of(0, 0)];
      const loss = (): number =>
        reference(x, shape, { gamma, beta, epsilon, statistics: { mean, variance } }).y.reduce(
          (sum, y, i) => sum + y * (dy[i] as number),
          0,
        );
      const expected = { dmean: differences(mean, loss), dvariance: differences(variance, loss) };
      const received = await subject.statisticsGradients?.(dy, x, shape, {
        axis: -1,
        gamma: inputs(subject, gamma),
        epsilon,
        mean: inputs(subject, mean),
        variance: inputs(subject, variance),
      });
      const bound = { relative: 1e-4, absolute: 1e-5 };
      expectNumbers("dmean", received?.dmean, expected.dmean, bound);
      expectNumbers("dvariance", received?.dvariance, expected.dvariance, bound);
    },
  },
  {
    id: "gradient/second-order",
    title: "BN-4.5 gradients of gradients agree with finite differences",
    clause: "BN-4.5",
    requires: ["second-order"],
    async run(subject) {
      const [v, dy, x] = [36, 37, 38].map((seed) => samples(seed, 10)) as [
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      const gamma = Float64Array.of(1.5, -2);
      const loss = (): number =>
        referenceWithGradients(x, dy, shape, { gamma, epsilon: 0.1 }).dx.reduce(
          (sum, g, i) => sum + g * (v[i] as number),
          0,
        );
      const expected = {
        ddy: differences(dy, loss),
        dx: differences(x, loss),
        dgamma: differences(gamma, loss),
      };
      const [a, b, c] = [v, dy, x].map((values) => inputs(subject, values)) as [
        typeof v,
        typeof v,
        typeof v,
      ];
      const received = await subject.secondOrder?.(a, b, c, shape, {
        axis: -1,
        gamma: inputs(subject, gamma),
        epsilon: 0.1,
      });
      for (const key of ["ddy", "dx", "dgamma"] as const) {
        expectNumbers(key, received?.[key], expected[key], { relative: 1e-4, absolute: 2e-5 });
      }
    },
  },
];
