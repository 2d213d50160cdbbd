import { BatchNorm, type BatchNormOptions, computeMoments } from "@batchnorm/core";
import { Network, type NumberType } from "@batchnorm/minibatch";
import { describe, expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { normals } from "./random.ts";

const all = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i);
const inputs = 3;
const units = 4;
const weights = normals("weights", inputs * units);

/** Dense layer, Batch Normalization, and an output behind it. */
function network(batchNorm: BatchNormOptions, type: NumberType): Network {
  const graph = {
    inputs,
    layers: [
      { units, batchNorm },
      { units: 1, activation: "sigmoid" as const },
    ],
  };
  const net = new Network(graph, { batchSize: 16, type });
  net.writeWeights(1, 0, weights);
  net.writeWeights(2, 0, [1, -1, 0.5, 2]);
  return net;
}

/** What the layer normalizes, by hand. */
function sums(x: Float64Array, count: number): Float64Array {
  return Float64Array.from({ length: count * units }, (_, i) => {
    const [row, unit] = [Math.floor(i / units), i % units];
    let sum = 0;
    for (let k = 0; k < inputs; k++) sum += x[row * inputs + k]! * weights[unit * inputs + k]!;
    return sum;
  });
}

const rules: BatchNormOptions[] = (["zero-one", "first-batch", "debiased"] as const).flatMap(
  (start) =>
    (["biased", "unbiased"] as const).flatMap((varianceEstimator) => [
      { start, varianceEstimator, momentum: 0.8 },
      { start, varianceEstimator, momentum: "cumulative" as const },
    ]),
);

onEachBackend(() => {
  describe.each<NumberType>(["float32", "float64"])("in %s", (type) => {
    /** Roundings of what runs in float32: the sums are such, and on any backend what is returned. */
    const tolerance = type === "float64" ? 1e-12 : 2e-6;
    const near = (received: ArrayLike<number> | null, expected: ArrayLike<number>): void => {
      expect(received?.length).toBe(expected.length);
      for (let i = 0; i < expected.length; i++) {
        const bound = tolerance * Math.max(1, Math.abs(expected[i]!));
        expect(Math.abs(received![i]! - expected[i]!)).toBeLessThanOrEqual(bound);
      }
    };

    test.each(rules)("running statistics follow core's rule: %o", (rule) => {
      const options = { ...rule, epsilon: 1e-3 };
      const net = network(options, type);
      const core = new BatchNorm(units, options);
      for (const [step, count] of [7, 16, 16, 2, 5].entries()) {
        const x = normals(`x ${step}`, count * inputs, 1, 2).map(Math.fround);
        const data = net.load(x, new Float64Array(count), count);
        net.step(data, all(count), 0, count, 0);
        core.forward(sums(x, count), [count, units], { training: true });
        const [ours, theirs] = [net.batchNormState(1), core.toState()];
        near(ours.runningMean, theirs.runningMean!);
        near(ours.runningVariance, theirs.runningVariance!);
        expect(ours.updates).toBe(theirs.updates);
        expect(ours.weight).toBe(theirs.weight);
        expect(ours.valuesPerChannel).toBe(theirs.valuesPerChannel);
      }
      const x = normals("inference", 30, 1, 2).map(Math.fround);
      const hidden = core.forward(sums(x, 10), [10, units]);
      const y = Float64Array.from({ length: 10 }, (_, i) => {
        const [a, b, c, d] = hidden.subarray(i * units);
        return 1 / (1 + Math.exp(-(a! - b! + 0.5 * c! + 2 * d!)));
      });
      near(net.predict(x, 10), y);
    });

    test("a layer measures what it normalizes, over batches of any number", () => {
      const net = network({}, type);
      const x = normals("measured", 41 * inputs, 3, 2).map(Math.fround);
      const expected = computeMoments(sums(x, 41), { outer: 41, channels: units, inner: 1 });
      const moments = net.measure(x, 41, 1);
      expect(moments.count).toBe(41);
      near(moments.mean, expected.mean);
      near(moments.m2, expected.m2);
    });

    test("a frozen layer normalizes as at inference in training, and stays as it is", () => {
      const net = network({ epsilon: 1e-3 }, type);
      const x = normals("frozen", 8 * inputs).map(Math.fround);
      const data = net.load(x, new Float64Array(8).fill(1), 8);
      net.step(data, all(8), 0, 8, 0.1);
      net.freeze(1, true);
      expect(net.isFrozen(1)).toBe(true);
      const before = net.batchNormState(1);
      const y = net.predict(x, 8);
      near(net.gradients(x, 8, { upstream: new Float64Array(8) }).y, y);
      net.step(data, all(8), 0, 8, 0.1);
      expect(net.batchNormState(1)).toEqual(before);
      expect(net.predict(x, 8)).not.toEqual(y);
      net.freeze(1, false);
      net.step(data, all(8), 0, 8, 0.1);
      expect(net.batchNormState(1).updates).toBe(before.updates + 1);
    });

    test("a large mean beside a small deviation costs no digits of the normalized values", () => {
      const layers = [
        {
          units: 1,
          connections: [{ from: 0, kind: "identity" as const }],
          batchNorm: { epsilon: 1e-12 },
        },
      ];
      for (const count of [2, 3, 31, 32, 100, 512]) {
        const net = new Network({ inputs: 1, layers }, { batchSize: 512, type });
        const x = normals(`large ${count}`, count, 1e4, 1e-2).map(Math.fround);
        const { y } = net.gradients(x, count, { upstream: new Float64Array(count) });
        const expected = new BatchNorm(1, { epsilon: 1e-12 }).forward(x, [count, 1], {
          training: true,
        });
        for (let i = 0; i < count; i++) expect(Math.abs(y[i]! - expected[i]!)).toBeLessThan(1e-6);
        net.dispose();
      }
    });
  });
});
