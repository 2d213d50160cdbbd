import { expectRefusal } from "@batchnorm/conformance/vitest";
import type { Network } from "@batchnorm/synaptic";
import synaptic from "synaptic";
import { describe, expect, test } from "vitest";
import {
  api,
  difference,
  inputsOf,
  networks,
  scaledClasses,
  snapshot,
  trained,
} from "./networks.ts";

const { Network: StockNetwork } = synaptic;
const { BatchNormNetwork, BatchNormPerceptron, BatchTrainer, fromJSON, toJSON } = api;
const set = scaledClasses("save", 40);
const rows = inputsOf(set);
const ask = (network: Network): number[][] => rows.map((row) => network.activate(row));
const text = (network: Network): string => JSON.stringify(toJSON(network));

describe.each(Object.entries(networks))("a saved network: %s", (_, make) => {
  test("answers the same in synaptic and here, and is saved as it was", () => {
    const network = trained(make);
    const json = text(network);
    // synaptic may sum up a neuron's inputs in another order than before.
    const stock = StockNetwork.fromJSON(JSON.parse(json));
    expect(difference(ask(stock), ask(network))).toBeLessThan(1e-14);
    const loaded = fromJSON(JSON.parse(json));
    expect(text(loaded)).toBe(json);
    expect(ask(loaded)).toEqual(ask(stock));
  });

  test("trains on as if it had not been saved", () => {
    const network = trained(make);
    const loaded = fromJSON(JSON.parse(text(network)));
    for (const one of [network, loaded]) {
      new BatchTrainer(one, { seed: 9, batchSize: 8 }).train(set, { iterations: 4, error: 0 });
    }
    expect(api.predictBatch(loaded, rows)).toEqual(api.predictBatch(network, rows));
    expect(api.batchNormStates(loaded)).toEqual(api.batchNormStates(network));
  });
});

test("JSON.stringify, clone and fromJSON of the class take Batch Normalization along", () => {
  const network = trained(networks["a perceptron of normalized inputs"]!);
  const json = JSON.parse(JSON.stringify(network));
  expect(json.batchNorm.layers.map(({ layer }: { layer: unknown }) => layer)).toEqual([0, 2, 4]);
  for (const copy of [
    BatchNormNetwork.fromJSON(json),
    network.clone(),
    BatchNormPerceptron.fromJSON(json),
  ]) {
    expect(api.batchNormStates(copy as Network)).toEqual(api.batchNormStates(network));
    expect(copy).toBeInstanceOf(BatchNormNetwork);
  }
});

test("frozen layers, policies and names are saved", () => {
  const options = { onNonFinite: "skip", onSingleValue: "beta", name: "norm" } as const;
  const network = new BatchNormPerceptron(4, 5, 3, options);
  api.freezeBatchNorm(network);
  const loaded = fromJSON(JSON.parse(text(network)));
  expect(text(loaded)).toBe(text(network));
  expect(loaded.layers.hidden[1]).toMatchObject({ frozen: true });
  expect(api.batchNormStates(loaded)[0]?.name).toBe("norm");
});

test("a network of synaptic's own is loaded, recurrent ones too", () => {
  const stock = new synaptic.Architect.LSTM(2, 2, 1);
  const loaded = fromJSON(stock.toJSON());
  expect(loaded.activate([1, 0])).toEqual(StockNetwork.fromJSON(stock.toJSON()).activate([1, 0]));
});

describe("malformed JSON is refused", () => {
  const good = JSON.parse(text(trained(networks["a perceptron of normalized inputs"]!)));
  const noStatistics = { runningMean: null, runningVariance: null, updates: 0, weight: 0 };
  test.each([
    ["no neurons", { neurons: undefined }],
    ["another version", { batchNorm: { ...good.batchNorm, version: 2 } }],
    ["no layers", { batchNorm: { version: 1 } }],
    ["a layer that is not there", { layer: 9 }],
    ["a layer of another size", { layer: 1 }],
    ["a layer without a name", { layer: undefined }],
    ["a layer neither frozen nor not", { frozen: undefined }],
    ["a state of other fields", { state: {} }],
    ["no statistics", { state: { ...good.batchNorm.layers[0].state, ...noStatistics } }],
  ])("%s", (_, change) => {
    const [first, ...others] = good.batchNorm.layers;
    const ofLayer = "layer" in change || "frozen" in change || "state" in change;
    const batchNorm = { version: 1, layers: [{ ...first, ...change }, ...others] };
    const json = ofLayer ? { ...good, batchNorm } : { ...good, ...change };
    expectRefusal("ERR_BATCHNORM_STATE", () => fromJSON(json));
  });

  test("nothing at all", () => {
    for (const json of [null, undefined, "{}", []]) {
      expectRefusal("ERR_BATCHNORM_STATE", () => fromJSON(json));
    }
  });
});

describe("states", () => {
  const source = trained(networks["a perceptron of normalized inputs"]!);
  const states = api.batchNormStates(source);

  test("are one per layer, named by its place", () => {
    expect(states.map(({ name, channels }) => [name, channels])).toEqual([
      ["hidden[0]", 4],
      ["hidden[2]", 8],
      ["hidden[4]", 6],
    ]);
  });

  test("are taken over by another network, in generated code too", () => {
    const other = networks["a perceptron of normalized inputs"]!();
    other.activate([1, 2, 3, 4]);
    api.loadBatchNormStates(other, JSON.parse(JSON.stringify(states)));
    expect(api.batchNormStates(other)).toEqual(states);
    expect(difference(ask(other), api.predictBatch(other, rows))).toBeLessThan(1e-12);
    expect(other.optimized).toBeTruthy();
  });

  test("that do not fit are refused, and none is loaded", () => {
    const other = networks["a perceptron of normalized inputs"]!();
    const before = snapshot(other);
    for (const bad of [states.slice(1), [...states].reverse(), [states[0], states[1], {}], null]) {
      expectRefusal("ERR_BATCHNORM_STATE", () => api.loadBatchNormStates(other, bad as never));
      expect(snapshot(other)).toBe(before);
    }
  });
});

test("reset() leaves a network as at first: no statistics, gamma 1, beta 0", () => {
  const network = trained(networks["a perceptron of normalized inputs"]!);
  network.reset();
  for (const { gamma, beta, updates } of api.batchNormStates(network)) {
    expect([new Set(gamma), new Set(beta), updates]).toEqual([new Set([1]), new Set([0]), 0]);
  }
  expect(difference(ask(network), api.predictBatch(network, rows))).toBeLessThan(1e-12);
});
