import { memory } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { loadDigits } from "../src/digits.ts";
import { learner, useWasm } from "../src/hosts/tfjs.ts";
import { drawLayers, sizesOf } from "../src/network.ts";
import { run } from "../src/run.ts";
import { carryAround, tolerance } from "../src/studies/journey.ts";
import { quantile, spreadOf } from "../src/studies/last-inputs.ts";
import { compareRates, rates } from "../src/studies/rates.ts";
import { compareStarts } from "../src/studies/starts.ts";

const data = loadDigits("1");
const layers = drawLayers(sizesOf(64), 1);
beforeAll(useWasm);

describe("one state, three hosts", () => {
  test("a trained network answers alike in TensorFlow.js, synaptic, brain.js and TensorFlow.js again", async () => {
    const network = learner({ layers, batchSize: 60, rate: 0.5 });
    const plan = { tests: [1500], seed: 1, stock: null, onTest() {} };
    const { points } = await run(network, data, plan);
    expect(points.at(-1)?.accuracy).toBeGreaterThan(0.85);
    const { stops, carried } = await carryAround(network, data.test);
    expect(stops.map(({ host }) => host)).toEqual(["synaptic", "brain", "tfjs"]);
    for (const { difference } of stops) expect(difference).toBeLessThan(tolerance);
    // synaptic's float64, and brain.js's folding, are other computations: equal to the bit would be no journey.
    expect(stops[0]?.difference).toBeGreaterThan(0);
    expect(stops[1]?.difference).toBeGreaterThan(0);
    const [first, ...others] = carried;
    for (const { layers, states } of others) {
      expect(layers).toEqual(first?.layers);
      for (const [i, state] of states.entries()) {
        const { name: _, ...numbers } = state;
        expect(first?.states[i]).toMatchObject(numbers);
      }
    }
    network.dispose();
  });
});

describe("what a sigmoid receives", () => {
  test("has percentiles in order, and leaves no tensor behind", () => {
    const network = learner({ layers, batchSize: 60, rate: 0.5 });
    const before = memory().numTensors;
    const [low, middle, high] = spreadOf(network, data.test);
    expect([low < middle, middle < high]).toEqual([true, true]);
    expect(memory().numTensors).toBe(before);
    network.dispose();
  });

  test("quantiles lie between the two nearest values, in proportion", () => {
    expect([0, 0.25, 0.5, 1].map((share) => quantile([0, 10, 20, 40], share))).toEqual([
      0, 7.5, 15, 40,
    ]);
  });
});

test("every rate is tried without Batch Normalization and with it", async () => {
  const done: number[] = [];
  const sizes = { seed: 1, batchSize: 60, samples: 300 };
  const runs = await compareRates(data, sizes, (count) => done.push(count));
  expect(runs.map(({ rate }) => rate)).toEqual(rates.flatMap((rate) => [rate, rate]));
  expect(done.length).toBe(10);
  const at = (rate: number, batchNorm: boolean): number =>
    runs.find((one) => one.rate === rate && one.batchNorm === batchNorm)?.accuracy ?? 0;
  expect(at(0.8, true)).toBeGreaterThan(at(0.8, false));
});

test("running statistics are nearer to the population's when they begin with the first batch", async () => {
  const sizes = { seed: 1, batchSize: 60, rate: 0.5 };
  const distances = await compareStarts(data, sizes, [1, 10], () => {});
  const at = (start: string, step: number) =>
    distances.find((one) => one.start === start && one.step === step);
  expect(at("first-batch", 1)).toEqual({ ...at("debiased", 1), start: "first-batch" });
  // After one batch the initial 1 weighs 0.99.
  expect(at("zero-one", 1)?.mean).toBeGreaterThan(5 * (at("debiased", 1)?.mean ?? 0));
  const off = (start: string): number => Math.abs((at(start, 10)?.variance ?? 0) - 1);
  expect(off("debiased")).toBeLessThan(0.2);
  expect(off("zero-one")).toBeGreaterThan(off("debiased"));
});
