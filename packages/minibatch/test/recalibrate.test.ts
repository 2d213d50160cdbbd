import { expectRefusal } from "@batchnorm/conformance/vitest";
import {
  computeMoments,
  emptyMoments,
  layoutOf,
  type Moments,
  mergeMoments,
  populationStatistics,
  withPopulation,
} from "@batchnorm/core";
import { type Network, recalibrate, Trainer } from "@batchnorm/minibatch";
import { expect, test } from "vitest";
import { deepGraph, noise, seeded } from "./sets.ts";

const inputs = noise("x", 50, 4);
const data = { inputs, targets: noise("t", 50, 2) };

function trained(): Network {
  const network = seeded(deepGraph, { type: "float64", batchSize: 8 });
  new Trainer(network, data, { rate: 0.5 }).train({ epochs: 2 });
  return network;
}

/** What layer 1 normalizes: Wx, in plain TypeScript. */
function sums(network: Network, rows: readonly (readonly number[])[]): Float64Array {
  const weights = network.readWeights(1);
  return Float64Array.from(
    rows.flatMap((row) =>
      Array.from({ length: 6 }, (_, o) =>
        row.reduce((sum, value, i) => sum + value * (weights[4 * o + i] ?? NaN), 0),
      ),
    ),
  );
}

test("the first layer's statistics are core's, of the whole set", () => {
  const network = trained();
  const before = network.batchNormState(1);
  const moments = computeMoments(sums(network, inputs), layoutOf([50, 6]));
  recalibrate(network, inputs, { batchSize: 8 });
  const state = network.batchNormState(1);
  // Merged from 7 batches, not computed at once: rounding of float64.
  const expected = withPopulation(before, populationStatistics([moments]));
  for (const key of ["runningMean", "runningVariance"] as const) {
    for (const [c, value] of (expected[key] ?? []).entries()) {
      expect(Math.abs((state[key]?.[c] ?? NaN) - value)).toBeLessThan(1e-14);
    }
  }
  expect(state).toMatchObject({ updates: 7, weight: 1, gamma: before.gamma, beta: before.beta });
});

test("a later layer is measured with the layers before it recalibrated", () => {
  const network = trained();
  recalibrate(network, inputs);
  // Nothing changes any more: layer 2's statistics are already those behind layer 1's new ones.
  const once = [1, 2].map((layer) => network.batchNormState(layer));
  recalibrate(network, inputs);
  expect([1, 2].map((layer) => network.batchNormState(layer))).toEqual(once);
  const moments = network.measure(Float64Array.from(inputs.flat()), 50, 2);
  const { runningMean } = network.batchNormState(2);
  for (const [c, mean] of moments.mean.entries()) {
    expect(Math.abs((runningMean?.[c] ?? NaN) - mean)).toBeLessThan(1e-14);
  }
});

test("algorithm-2 is the mean over balanced batches", () => {
  const network = trained();
  const before = network.batchNormState(1);
  const batches: Moments[] = [0, 16, 33].map((from, i) => {
    const rows = inputs.slice(from, [16, 33, 50][i]);
    return computeMoments(sums(network, rows), layoutOf([rows.length, 6]));
  });
  recalibrate(network, inputs, { rule: "algorithm-2", batchSize: 17 });
  const expected = withPopulation(before, populationStatistics(batches, "algorithm-2"));
  const state = network.batchNormState(1);
  for (const [c, value] of (expected.runningVariance ?? []).entries()) {
    expect(Math.abs((state.runningVariance?.[c] ?? NaN) - value)).toBeLessThan(1e-14);
  }
  const exact = populationStatistics([
    batches.reduce((a, b) => mergeMoments(a, b), emptyMoments(6)),
  ]);
  expect(state.runningVariance).not.toEqual(Array.from(exact.variance));
});

test("after recalibration, inference on the set itself is normalized", () => {
  const network = trained();
  recalibrate(network, inputs);
  const x = Float64Array.from(inputs.flat());
  const { mean, m2 } = network.measure(x, 50, 1);
  const { runningMean, runningVariance } = network.batchNormState(1);
  for (const c of mean.keys()) {
    expect(runningMean?.[c]).toBeCloseTo(mean[c] as number, 12);
    expect(runningVariance?.[c]).toBeCloseTo((m2[c] as number) / 49, 12);
  }
});

test("what cannot be measured is refused, and every layer stays as it was", () => {
  const network = trained();
  const before = JSON.stringify(network.toState());
  const bad = inputs.map((row) => [...row]);
  (bad[3] as number[])[2] = Number.NaN;
  expectRefusal("ERR_BATCHNORM_NON_FINITE", () => recalibrate(network, bad));
  expectRefusal("ERR_BATCHNORM_TOO_FEW_VALUES", () => recalibrate(network, inputs.slice(0, 1)));
  expectRefusal("ERR_BATCHNORM_TOO_FEW_VALUES", () => recalibrate(network, []));
  expectRefusal("ERR_BATCHNORM_OPTION", () =>
    recalibrate(network, inputs, { rule: "mean" as never }),
  );
  expectRefusal("ERR_BATCHNORM_OPTION", () => recalibrate(network, inputs, { batchSize: 0 }));
  expect(JSON.stringify(network.toState())).toBe(before);
});

test("where a later layer fails, the earlier ones are put back", () => {
  const network = seeded(
    {
      ...deepGraph,
      layers: deepGraph.layers.map((layer, i) =>
        i === 1 ? { ...layer, batchNorm: { varianceEstimator: "biased" } } : layer,
      ),
    },
    { type: "float64", batchSize: 8 },
  );
  const before = JSON.stringify(network.toState());
  const algorithm2 = { rule: "algorithm-2" } as const;
  expectRefusal("ERR_BATCHNORM_STATE", () => recalibrate(network, inputs, algorithm2));
  expect(JSON.stringify(network.toState())).toBe(before);
});
