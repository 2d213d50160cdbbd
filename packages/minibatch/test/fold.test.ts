import { expectRefusal } from "@batchnorm/conformance/vitest";
import type { BatchNormState } from "@batchnorm/core";
import {
  foldBatchNorm,
  type Graph,
  initialize,
  type Layer,
  Network,
  recalibrate,
} from "@batchnorm/minibatch";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { noise } from "./sets.ts";

/** A float64 network with weights, gammas, betas and statistics away from their start. */
function trained(graph: Graph, seed = 1): Network {
  const network = new Network(graph, { type: "float64", batchSize: 16 });
  initialize(network, { kind: "uniform", limit: 1 }, seed);
  recalibrate(network, noise(`x ${seed}`, 40, graph.inputs));
  for (const [i, { batchNorm, units }] of graph.layers.entries()) {
    if (!batchNorm) continue;
    const [row = []] = noise(`affine ${seed} ${i}`, 1, 2 * units);
    const state: BatchNormState = network.batchNormState(i + 1);
    network.loadBatchNormState(i + 1, {
      ...state,
      gamma: state.gamma && row.slice(0, units).map((value) => value + Math.sign(value)),
      beta: state.beta && row.slice(units),
    });
  }
  return network;
}

/**
 * Outputs agree to 1e-12 relative to the largest, and nothing of Batch Normalization is left. Each layer can
 * make roundings 1/√epsilon = 32 times larger, where a unit hardly varies: few do, and the worst of 120,000
 * random graphs was 2.5e-13 off.
 */
function expectEqual(network: Network, folded: Network): void {
  expect(folded.graph.layers.some(({ batchNorm }) => batchNorm)).toBe(false);
  const x = Float64Array.from(noise("fold", 25, network.inputs).flat());
  const [y, z] = [Array.from(network.predict(x, 25)), folded.predict(x, 25)];
  const largest = y.reduce((a, b) => Math.max(a, Math.abs(b)), 1);
  const worst = y.reduce((a, value, i) => Math.max(a, Math.abs(value - (z[i] ?? NaN))), 0);
  expect(worst / largest).toBeLessThan(1e-12);
}

const layers: Record<string, readonly Layer[]> = {
  "after dense connections": [
    { units: 5, batchNorm: true, activation: "sigmoid" },
    { units: 4, batchNorm: true, bias: true, activation: "tanh" },
    { units: 2, activation: "sigmoid" },
  ],
  "on the output": [
    { units: 5, activation: "relu" },
    { units: 2, batchNorm: true },
  ],
  "without gamma, without beta": [
    { units: 5, batchNorm: { scale: false }, activation: "relu" },
    { units: 4, batchNorm: { center: false }, activation: "leaky-relu", leak: 0.1 },
    { units: 2 },
  ],
  "of several connections, one masked": [
    { units: 3, activation: "tanh" },
    {
      units: 4,
      connections: [{ from: 1, mask: [1, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 1] }, { from: 0 }],
      batchNorm: true,
      activation: "sigmoid",
    },
    { units: 2, connections: [{ from: 2 }, { from: 1 }] },
  ],
  "of the input": [
    { units: 3, connections: [{ from: 0, kind: "identity" }], batchNorm: true },
    { units: 4, activation: "sigmoid" },
    { units: 2, connections: [{ from: 2 }, { from: 1 }] },
  ],
  "of the input, twice in a row": [
    { units: 3, connections: [{ from: 0, kind: "identity" }], batchNorm: true },
    { units: 3, connections: [{ from: 1, kind: "identity" }], batchNorm: true },
    { units: 2, batchNorm: true, activation: "sigmoid" },
  ],
  "of the input, with an activation": [
    {
      units: 3,
      connections: [{ from: 0, kind: "identity" }],
      batchNorm: true,
      activation: "sigmoid",
    },
    { units: 2 },
  ],
  "of the input, which an identity reads as well": [
    { units: 3, connections: [{ from: 0, kind: "identity" }], batchNorm: true },
    { units: 3, connections: [{ from: 1 }, { from: 1, kind: "identity" }], activation: "tanh" },
    { units: 2 },
  ],
  "of the input, as the output": [
    { units: 3, connections: [{ from: 0, kind: "identity" }], batchNorm: true },
  ],
  "as a layer of its own": [
    { units: 4 },
    { units: 4, connections: [{ from: 1, kind: "identity" }], batchNorm: true, activation: "relu" },
    { units: 2 },
  ],
  "as a layer of its own, whose source another one reads": [
    { units: 4 },
    { units: 4, connections: [{ from: 1, kind: "identity" }], batchNorm: true, activation: "relu" },
    { units: 2, connections: [{ from: 2 }, { from: 1 }] },
  ],
  "of dense and identity together": [
    {
      units: 3,
      connections: [{ from: 0 }, { from: 0, kind: "identity" }],
      batchNorm: true,
      bias: true,
      activation: "relu",
    },
    { units: 2 },
  ],
  "of dense and identity together, without an activation": [
    {
      units: 3,
      connections: [{ from: 0 }, { from: 0, kind: "identity" }],
      batchNorm: true,
      bias: true,
    },
    { units: 2, bias: false },
  ],
};

test.each(Object.entries(layers))("Batch Normalization %s folds exactly", (_, layers) => {
  const network = trained({ inputs: 3, layers });
  expectEqual(network, foldBatchNorm(network));
});

test("what joins and what is left out makes a network as small as one without Batch Normalization", () => {
  const shape = (name: keyof typeof layers): number[] => {
    const network = trained({ inputs: 3, layers: layers[name] ?? [] });
    return foldBatchNorm(network).graph.layers.map(({ units }) => units);
  };
  expect(shape("of the input")).toEqual([4, 2]);
  expect(shape("as a layer of its own")).toEqual([4, 2]);
  expect(shape("as a layer of its own, whose source another one reads")).toEqual([4, 4, 2]);
});

test("masks are kept", () => {
  const [, layer] = layers["of several connections, one masked"] ?? [];
  const network = trained({
    inputs: 3,
    layers: layers["of several connections, one masked"] ?? [],
  });
  const folded = foldBatchNorm(network);
  expect(folded.graph.layers[1]?.connections?.[0]?.mask).toEqual(layer?.connections?.[0]?.mask);
  expect(folded.graph.layers[1]?.connections?.[1]?.mask).toBeUndefined();
});

/** Any graph of a few layers, each fed by one or two places before it. */
const graphs: fc.Arbitrary<Graph> = fc
  .array(
    fc.record({
      activation: fc.constantFrom("identity", "sigmoid", "relu", "tanh"),
      batchNorm: fc.boolean(),
      bias: fc.boolean(),
      kinds: fc.array(fc.constantFrom("dense", "identity"), { minLength: 1, maxLength: 2 }),
      back: fc.nat(9),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((choices) => ({
    inputs: 3,
    layers: choices.map(({ kinds, back, ...layer }, i) => ({
      ...layer,
      units: 3,
      // The place before always, so that every layer feeds one; then any.
      connections: kinds.map((kind, c) => ({ kind, from: c === 0 ? i : back % (i + 1) })),
    })),
  }));

test("any graph folds exactly", () => {
  fc.assert(
    fc.property(graphs, fc.integer({ min: 1, max: 1000 }), (graph, seed) => {
      const network = trained(graph, seed);
      expectEqual(network, foldBatchNorm(network));
    }),
    { seed: 20261121, numRuns: 200 },
  );
});

test("a folded network has the options of the first, and the type that is asked for", () => {
  const graph = { inputs: 3, layers: layers["after dense connections"] ?? [] };
  const options = { batchSize: 8, optimizer: { kind: "adam" }, loss: "cross-entropy" } as const;
  const network = new Network(graph, options);
  expect(foldBatchNorm(network).options).toEqual(network.options);
  expect(foldBatchNorm(network, { type: "float64" }).type).toBe("float64");
});

test("what has no finite slope is refused, with the layer, and the network stays", () => {
  const network = trained({
    inputs: 3,
    layers: [{ units: 2, batchNorm: { name: "hidden", epsilon: 0 } }, { units: 1 }],
  });
  const state = network.batchNormState(1);
  network.loadBatchNormState(1, { ...state, runningVariance: [0, 1] });
  const before = JSON.stringify(network.toState());
  const { message } = expectRefusal("ERR_BATCHNORM_FOLD", () => foldBatchNorm(network));
  expect(message).toContain("hidden");
  expect(message).toContain("channel 0");
  expect(JSON.stringify(network.toState())).toBe(before);
});
