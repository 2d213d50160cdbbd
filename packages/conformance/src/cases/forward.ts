import type { Case } from "../case.ts";
import { reference } from "../reference.ts";
import { inputs, samples } from "../samples.ts";
import { expectNumbers, expectThat } from "../tolerance.ts";
import { forY, plain, put, training, withLayer } from "./ask.ts";

const epsilon = 1e-3;

const views: readonly { shape: number[]; axis: number }[] = [
  { shape: [5, 3], axis: 0 },
  { shape: [4, 3, 5], axis: 1 },
  { shape: [2, 3, 4, 5], axis: 1 },
  { shape: [2, 3, 4, 5], axis: 2 },
  { shape: [2, 3, 4, 5], axis: -1 },
  { shape: [2, 2, 3, 4, 3], axis: 1 },
  { shape: [2, 2, 3, 2, 3, 2], axis: -2 },
  { shape: [1, 4, 4, 3], axis: 3 },
];

const ofEveryView: readonly Case[] = views.map(({ shape, axis }) => ({
  id: `forward/view-${shape.join("x")}-axis${axis}`,
  title: `BN-1.1 a tensor of shape [${shape}] has its channels on axis ${axis}`,
  clause: "BN-1.1",
  requires: axis === -1 || axis === shape.length - 1 ? ["rank"] : ["rank", "axis"],
  run: (subject) =>
    withLayer(subject, { ...plain, axis }, shape, async (layer) => {
      const x = inputs(
        subject,
        samples(
          1,
          shape.reduce((a, b) => a * b),
          2,
          3,
        ),
      );
      const y = await layer.forward(x, shape, training);
      expectNumbers("y", y, reference(x, shape, { axis, epsilon }).y, forY(subject));
    }),
}));

const shape = [6, 3];

export const forward: readonly Case[] = [
  ...ofEveryView,
  {
    id: "forward/formula",
    title: "BN-2.1 a batch is normalized by its mean and biased variance",
    clause: "BN-2.1",
    requires: [],
    run: (subject) =>
      withLayer(subject, plain, shape, async (layer) => {
        const x = inputs(subject, samples(2, 18, -1, 4));
        const y = await layer.forward(x, shape, training);
        expectNumbers("y", y, reference(x, shape, { epsilon }).y, forY(subject));
      }),
  },
  {
    id: "forward/epsilon-inside",
    title: "BN-2.2 epsilon is added to the variance, under the root",
    clause: "BN-2.2",
    requires: [],
    run: (subject) =>
      withLayer(subject, { ...plain, epsilon: 0.5 }, shape, async (layer) => {
        const x = inputs(subject, samples(3, 18, 0, 0.5));
        const y = await layer.forward(x, shape, training);
        expectNumbers("y", y, reference(x, shape, { epsilon: 0.5 }).y, forY(subject));
      }),
  },
  {
    id: "forward/gamma-beta",
    title: "BN-2.3 gamma scales and beta shifts, negative and zero gammas too",
    clause: "BN-2.3",
    requires: [],
    run: (subject) =>
      withLayer(subject, plain, shape, async (layer) => {
        const [gamma, beta] = [
          [2, -0.5, 0],
          [0.25, -3, 7],
        ];
        await put(layer, { gamma, beta });
        const x = inputs(subject, samples(4, 18));
        const y = await layer.forward(x, shape, training);
        expectNumbers("y", y, reference(x, shape, { gamma, beta, epsilon }).y, forY(subject));
      }),
  },
  ...[
    { scale: false, center: true },
    { scale: true, center: false },
    { scale: false, center: false },
  ].map(
    ({ scale, center }): Case => ({
      id: `forward/scale-${scale}-center-${center}`,
      title: `BN-2.3 scale ${scale} and center ${center} leave gamma 1 and beta 0 where there is none`,
      clause: "BN-2.3",
      requires: ["affine"],
      run: (subject) =>
        withLayer(subject, { ...plain, scale, center }, shape, async (layer) => {
          const state = await layer.state();
          expectThat(
            (state.gamma === null) !== scale,
            "gamma of the state",
            scale ? "numbers" : "null",
            state.gamma,
          );
          expectThat(
            (state.beta === null) !== center,
            "beta of the state",
            center ? "numbers" : "null",
            state.beta,
          );
          const gamma = scale ? [2, 3, 4] : null;
          const beta = center ? [5, 6, 7] : null;
          await put(layer, { gamma, beta });
          const x = inputs(subject, samples(5, 18));
          const y = await layer.forward(x, shape, training);
          expectNumbers("y", y, reference(x, shape, { gamma, beta, epsilon }).y, forY(subject));
        }),
    }),
  ),
  {
    id: "forward/constant-channel",
    title: "BN-2.4 a constant channel normalizes to beta",
    clause: "BN-2.4",
    requires: [],
    run: (subject) =>
      withLayer(subject, plain, [7, 1], async (layer) => {
        await put(layer, { gamma: [1000], beta: [0.25] });
        const y = await layer.forward(
          inputs(subject, new Float64Array(7).fill(0.1)),
          [7, 1],
          training,
        );
        // gamma magnifies what a rounded mean leaves over: 1e-8 / √epsilon · 1000 in float32.
        const bound = subject.supports.includes("float64") ? 1e-12 : 1e-3;
        expectNumbers("y", y, new Float64Array(7).fill(0.25), { relative: 0, absolute: bound });
      }),
  },
  ...[
    { name: "N(1e4, 1e-2)", mean: 1e4, deviation: 1e-2 },
    { name: "N(-3e5, 1)", mean: -3e5, deviation: 1 },
  ].map(
    ({ name, mean, deviation }): Case => ({
      id: `forward/float32-${name}`,
      title: `BN-2.5 float32 data at ${name} keep y within 1e-6`,
      clause: "BN-2.5",
      requires: [],
      run: (subject) =>
        withLayer(subject, { ...plain, epsilon: 1e-5 }, [512, 2], async (layer) => {
          const x = Float32Array.from(samples(6, 1024, mean, deviation));
          // Shifted by a float near the mean, which is exact, the plain formula has digits enough.
          const near = Float64Array.from(x, (value) => value - mean);
          const y = await layer.forward(inputs(subject, x), [512, 2], training);
          const bound = { relative: 1e-6, absolute: 1e-6 };
          expectNumbers("y", y, reference(near, [512, 2], { epsilon: 1e-5 }).y, bound);
        }),
    }),
  ),
  ...[1e8, 1e15].map(
    (mean): Case => ({
      id: `forward/float64-${mean}`,
      title: `BN-2.6 float64 data at a mean of ${mean} keep y within 1e-12`,
      clause: "BN-2.6",
      requires: ["float64"],
      run: (subject) =>
        withLayer(subject, { ...plain, epsilon: 1e-5 }, [300, 1], async (layer) => {
          const x = samples(7, 300, mean, 1);
          const near = x.map((value) => value - mean);
          const y = await layer.forward(x, [300, 1], training);
          const bound = { relative: 1e-12, absolute: 1e-12 };
          expectNumbers("y", y, reference(near, [300, 1], { epsilon: 1e-5 }).y, bound);
        }),
    }),
  ),
  {
    id: "forward/input-untouched",
    title: "BN-2.7 the input is left as it was",
    clause: "BN-2.7",
    requires: [],
    run: (subject) =>
      withLayer(subject, plain, shape, async (layer) => {
        const x = inputs(subject, samples(8, 18));
        const before = x.slice();
        await layer.forward(x, shape, training);
        expectNumbers("x", x, before, { relative: 0, absolute: 0 });
      }),
  },
];
