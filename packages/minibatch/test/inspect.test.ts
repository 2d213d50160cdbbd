import { expectRefusal } from "@batchnorm/conformance/vitest";
import type { BatchNormState } from "@batchnorm/core";
import { inspectBatchNorm, type Network, recalibrate } from "@batchnorm/minibatch";
import { expect, test } from "vitest";
import { deepGraph, noise, seeded } from "./sets.ts";

const inputs = noise("x", 200, 4);

/** Recalibrated on 25 batches: nothing is wrong with it. */
function healthy(): Network {
  const network = seeded(deepGraph, { type: "float64", batchSize: 8 });
  recalibrate(network, inputs);
  return network;
}

function plant(network: Network, layer: number, change: (state: BatchNormState) => object): void {
  const state = network.batchNormState(layer);
  network.loadBatchNormState(layer, { ...state, ...change(state) });
}

const problems = (network: Network, x: typeof inputs | null = inputs) =>
  inspectBatchNorm(network, x).map(({ place, layer, problem, channels }) => ({
    place,
    layer,
    problem,
    channels,
  }));

test("nothing is found in a healthy network", () => {
  expect(problems(healthy())).toEqual([]);
  expect(problems(healthy(), null)).toEqual([]);
});

test("statistics that are not warmed up are found in every layer", () => {
  const network = seeded(deepGraph, { batchSize: 8 });
  const found = problems(network, null);
  expect(found.map(({ place, problem }) => [place, problem])).toEqual([
    [1, "few-updates"],
    [2, "few-updates"],
  ]);
});

test("a dead gamma is found, with layer and channel", () => {
  const network = healthy();
  plant(network, 2, ({ gamma }) => ({ gamma: gamma?.map((value, c) => (c === 3 ? 0 : value)) }));
  expect(problems(network)).toEqual([
    { place: 2, layer: "layer 2", problem: "dead-gamma", channels: [3] },
  ]);
  const [finding] = inspectBatchNorm(network);
  expect(finding?.message).toContain("channel 3");
  expect(finding?.advice).not.toBe("");
});

test("a constant feature is found", () => {
  const network = seeded(
    {
      inputs: 4,
      layers: [
        { units: 4, connections: [{ from: 0, kind: "identity" }], batchNorm: true },
        { units: 2, activation: "sigmoid" },
      ],
    },
    { batchSize: 8 },
  );
  const constant = inputs.map((row) => row.map((value, i) => (i === 2 ? 7 : value)));
  recalibrate(network, constant);
  const found = problems(network, constant).map(({ problem, channels }) => [problem, channels]);
  expect(found).toContainEqual(["zero-batch-variance", [2]]);
  expect(found).toContainEqual(["zero-running-variance", [2]]);
});

test("data that are prepared in another way than in training are found", () => {
  const network = healthy();
  const shifted = inputs.map((row) => row.map((value) => 10 * value + 20));
  const found = new Set(problems(network, shifted).map(({ problem }) => problem));
  expect(found).toContain("mean-shift");
  expect(found).toContain("variance-ratio");
});

test("other limits draw other lines", () => {
  const network = healthy();
  const limits = { deadGamma: 1 };
  expect(inspectBatchNorm(network, inputs, limits).map(({ place }) => place)).toEqual([1, 2]);
  expectRefusal("ERR_BATCHNORM_OPTION", () =>
    inspectBatchNorm(network, inputs, { dead: 1 } as never),
  );
  expectRefusal("ERR_BATCHNORM_SHAPE", () => inspectBatchNorm(network, [[1, 2]]));
});
