import { expectRefusal } from "@batchnorm/conformance/vitest";
import { type Graph, type Initialization, initialize, Network } from "@batchnorm/minibatch";
import { expect, test } from "vitest";

const graph: Graph = {
  inputs: 40,
  layers: [
    { units: 60, activation: "tanh" },
    { units: 60, batchNorm: true, bias: true, connections: [{ from: 1 }, { from: 0 }] },
    { units: 60, connections: [{ from: 2, kind: "identity" }] },
    { units: 10 },
  ],
};

function drawn(how: Initialization, seed = 1, given = graph): Network {
  const network = new Network(given, { type: "float64", batchSize: 4 });
  initialize(network, how, seed);
  return network;
}

const spread = (values: ArrayLike<number>) => {
  const list = Array.from(values, Math.abs);
  return { largest: Math.max(...list), mean: list.reduce((a, b) => a + b) / list.length };
};

/** Uniform in (−limit, limit): nothing beyond, something near, and |w| half of it in the mean. */
function expectUniform(values: ArrayLike<number>, limit: number): void {
  const { largest, mean } = spread(values);
  expect(largest).toBeLessThanOrEqual(limit);
  // Of n values the largest is 1/n short on average; five times that is far out.
  expect(largest).toBeGreaterThan(limit * (1 - 5 / values.length));
  // A standard error of |w| is limit / √(12 n); five of them.
  expect(Math.abs(mean - limit / 2)).toBeLessThan((5 * limit) / Math.sqrt(12 * values.length));
}

test("uniform weights and biases lie within the limit", () => {
  const network = drawn({ kind: "uniform", limit: 0.2 });
  expectUniform(network.readWeights(1), 0.2);
  expectUniform(network.readWeights(2, 1), 0.2);
  expectUniform(network.readBias(1), 0.2);
});

test("glorot's limit is √(6 / (fanIn + fanOut)), over all connections of a unit; biases are 0", () => {
  const network = drawn({ kind: "glorot" });
  expectUniform(network.readWeights(1), Math.sqrt(6 / (40 + 60)));
  expectUniform(network.readWeights(2, 0), Math.sqrt(6 / (100 + 60)));
  expectUniform(network.readWeights(4), Math.sqrt(6 / (60 + 10)));
  expect(Array.from(network.readBias(1))).toEqual(new Array(60).fill(0));
});

test("he's limit is √(6 / fanIn)", () => {
  const network = drawn({ kind: "he" });
  expectUniform(network.readWeights(1), Math.sqrt(6 / 40));
  expectUniform(network.readWeights(2, 1), Math.sqrt(6 / 100));
});

test("a mask's fan-in counts the weights that there are, and the others stay 0", () => {
  const mask = Array.from({ length: 60 * 40 }, (_, i) => Number(i % 4 === 0));
  const masked = { ...graph, layers: [{ units: 60, connections: [{ from: 0, mask }] }] };
  const weights = drawn({ kind: "he" }, 1, masked).readWeights(1);
  expectUniform(
    weights.filter((_, i) => mask[i]),
    Math.sqrt(6 / 10),
  );
  expect(weights.every((value, i) => mask[i] || value === 0)).toBe(true);
});

test("the seed decides the weights", () => {
  const weights = (seed: number): number[] =>
    Array.from(drawn({ kind: "he" }, seed).readWeights(1));
  expect(weights(1)).toEqual(weights(1));
  expect(weights(1)).not.toEqual(weights(2));
});

test("Batch Normalization stays as it is", () => {
  const network = new Network(graph, { batchSize: 4 });
  const before = network.batchNormState(2);
  initialize(network, { kind: "glorot" }, 1);
  expect(network.batchNormState(2)).toEqual(before);
});

test("what is no initialization is refused, and no weight is written", () => {
  const network = drawn({ kind: "he" });
  const before = JSON.stringify(network.toState());
  for (const how of [
    null,
    { kind: "xavier" },
    { kind: "uniform", limit: -1 },
    { kind: "uniform" },
  ]) {
    expectRefusal("ERR_BATCHNORM_OPTION", () => initialize(network, how as Initialization, 1));
  }
  expectRefusal("ERR_BATCHNORM_OPTION", () => initialize(network, { kind: "he" }, -1));
  expect(JSON.stringify(network.toState())).toBe(before);
});
