import type { FloatArray } from "@batchnorm/core";
import type { Case } from "../case.ts";
import { reference, referenceWithGradients } from "../reference.ts";
import { inputs, samples } from "../samples.ts";
import { expectNumbers } from "../tolerance.ts";
import {
  backward,
  forGradients,
  forStatistics,
  forY,
  plain,
  put,
  training,
  withLayer,
} from "./ask.ts";

const epsilon = 1e-3;

const replicas = (rows: readonly number[]): Case => ({
  id: `replicas/${rows.join("+")}`,
  title: `BN-10.3 replicas with ${rows.join(" + ")} rows do together what one would alone`,
  clause: "BN-10.3",
  requires: ["replicas"],
  async run(subject) {
    const total = rows.reduce((a, b) => a + b, 0);
    const [x, dy] = [
      inputs(subject, samples(100, 2 * total, 2)),
      inputs(subject, samples(101, 2 * total)),
    ];
    const [gamma, beta] = [inputs(subject, [2, -1]), inputs(subject, [0, 3])];
    let start = 0;
    const parts = rows.map((count) => {
      const from = 2 * start;
      start += count;
      return { x: x.slice(from, 2 * start), dy: dy.slice(from, 2 * start), shape: [count, 2] };
    });
    const received = await subject.replicas?.(parts, { gamma, beta, epsilon });
    const expected = referenceWithGradients(x, dy, [total, 2], { gamma, beta, epsilon });
    const joined = (arrays: readonly FloatArray[] | undefined): number[] =>
      (arrays ?? []).flatMap((array) => Array.from(array));
    expectNumbers("y", joined(received?.y), expected.y, forY(subject));
    expectNumbers("dx", joined(received?.dx), expected.dx, forGradients(subject));
    expectNumbers("dgamma", received?.dgamma, expected.dgamma, forGradients(subject));
    expectNumbers("dbeta", received?.dbeta, expected.dbeta, forGradients(subject));
  },
});

/** One channel's deviation and mean, with the clipped corrections that they ask for. */
function corrected(x: ArrayLike<number>, known: { mean: number; deviation: number }) {
  const { mean, variance } = reference(x, [x.length, 1], { epsilon: 0 });
  const sigma = Math.sqrt((variance[0] as number) + epsilon);
  const clip = (value: number, least: number, most: number): number =>
    Math.min(most, Math.max(least, value));
  return {
    mean: mean[0] as number,
    sigma,
    r: clip(sigma / known.deviation, 0.5, 2),
    d: clip(((mean[0] as number) - known.mean) / known.deviation, -1, 1),
  };
}

const renormOptions = { ...plain, renorm: { rmin: 0.5, rmax: 2, dmax: 1, momentum: 0.8 } };

const renorm: readonly Case[] = [
  {
    id: "renorm/correction",
    title: "BN-11.1 a batch is corrected by what was known before it, clipped",
    clause: "BN-11.1",
    requires: ["renorm"],
    run: (subject) =>
      withLayer(subject, renormOptions, [6, 1], async (layer) => {
        let known = { mean: 0, deviation: 1 };
        for (const [seed, mean, deviation] of [
          [102, 0.3, 1.2],
          [103, 5, 4],
          [104, 0.1, 0.2],
        ] as const) {
          const x = inputs(subject, samples(seed, 6, mean, deviation));
          const { r, d, sigma, mean: center } = corrected(x, known);
          const y = await layer.forward(x, [6, 1], training);
          const expected = Array.from(x, (value) => ((value - center) / sigma) * r + d);
          expectNumbers("y", y, expected, forY(subject));
          known = {
            mean: 0.8 * known.mean + 0.2 * center,
            deviation: 0.8 * known.deviation + 0.2 * sigma,
          };
        }
      }),
  },
  {
    id: "renorm/variance",
    title: "BN-11.2 the running variance follows the moving deviation",
    clause: "BN-11.2",
    requires: ["renorm"],
    run: (subject) =>
      withLayer(subject, renormOptions, [6, 1], async (layer) => {
        let [mean, deviation] = [0, 1];
        for (const seed of [105, 106]) {
          const x = inputs(subject, samples(seed, 6, 3, 2));
          await layer.forward(x, [6, 1], training);
          const batch = corrected(x, { mean: 0, deviation: 1 });
          mean = 0.9 * mean + 0.1 * batch.mean;
          deviation = 0.9 * deviation + 0.1 * batch.sigma;
        }
        const { runningMean, runningVariance } = await layer.state();
        expectNumbers("runningMean", runningMean, [mean], forStatistics(subject));
        expectNumbers(
          "runningVariance",
          runningVariance,
          [deviation ** 2 - epsilon],
          forStatistics(subject),
        );
      }),
  },
  {
    id: "renorm/gradient",
    title:
      "BN-11.3 corrections are constants to the gradient, and dgamma sums the corrected values",
    clause: "BN-11.3",
    requires: ["renorm", "gradient"],
    run: (subject) =>
      withLayer(subject, renormOptions, [6, 1], async (layer) => {
        await put(layer, { gamma: [1.5] });
        const [x, dy] = [inputs(subject, samples(107, 6, 2, 3)), inputs(subject, samples(108, 6))];
        await layer.forward(x, [6, 1], training);
        const received = await backward(layer, dy);
        const { r, d } = corrected(x, { mean: 0, deviation: 1 });
        const plainly = referenceWithGradients(x, dy, [6, 1], { gamma: [1.5 * r], epsilon });
        expectNumbers("dx", received.dx, plainly.dx, forGradients(subject));
        const dgamma = r * (plainly.dgamma[0] as number) + d * (plainly.dbeta[0] as number);
        expectNumbers("dgamma", received.dgamma, [dgamma], forGradients(subject));
      }),
  },
];

const ghost = (rows: number, sizes: readonly number[]): Case => ({
  id: `ghost/${rows}`,
  title: `BN-12.1 ${rows} rows in virtual batches of 4 are ${sizes.join(" and ")}, one after the other`,
  clause: "BN-12.1",
  requires: ["ghost"],
  run: (subject) =>
    withLayer(subject, { ...plain, virtualBatchSize: 4 }, [rows, 2], async (layer) => {
      const x = inputs(subject, samples(109, 2 * rows, 1, 2));
      const y = await layer.forward(x, [rows, 2], training);
      let start = 0;
      const expected: number[] = [];
      const running = [0, 0];
      for (const size of sizes) {
        const part = reference(x.slice(2 * start, 2 * (start + size)), [size, 2], { epsilon });
        expected.push(...part.y);
        for (const c of [0, 1])
          running[c] = 0.9 * (running[c] as number) + 0.1 * (part.mean[c] as number);
        start += size;
      }
      expectNumbers("y", y, expected, forY(subject));
      expectNumbers(
        "runningMean",
        (await layer.state()).runningMean,
        running,
        forStatistics(subject),
      );
    }),
});

const relu = (residual: boolean): Case => ({
  id: `relu/${residual ? "add" : "alone"}`,
  title: `BN-13.1 a ReLU ${residual ? "after a sum " : ""}passes gradient where y > 0`,
  clause: "BN-13.1",
  requires: ["relu"],
  async run(subject) {
    const [x, dy] = [inputs(subject, samples(110, 12)), inputs(subject, samples(111, 12))];
    const z = residual ? inputs(subject, samples(112, 12)) : null;
    const [gamma, beta] = [inputs(subject, [2, -1]), inputs(subject, [0.1, 0.2])];
    const before = reference(x, [6, 2], { gamma, beta, epsilon }).y.map(
      (y, i) => y + (z?.[i] ?? 0),
    );
    const y = before.map((value) => Math.max(0, value));
    const dz = Array.from(dy, (g, i) => ((y[i] as number) > 0 ? g : 0));
    const expected = { ...referenceWithGradients(x, dz, [6, 2], { gamma, beta, epsilon }), y, dz };
    const parameters = { axis: -1, gamma, beta, epsilon };
    const received = await subject.addRelu?.(x, z, dy, [6, 2], parameters);
    expectNumbers("y", received?.y, y, forY(subject));
    for (const key of ["dx", "dz", "dgamma", "dbeta"] as const) {
      expectNumbers(key, received?.[key], expected[key], forGradients(subject));
    }
  },
});

export const variants: readonly Case[] = [
  replicas([5, 5]),
  replicas([3, 7]),
  replicas([0, 1, 4]),
  ...renorm,
  ghost(8, [4, 4]),
  ghost(7, [4, 3]),
  ghost(9, [4, 5]),
  relu(false),
  relu(true),
];
