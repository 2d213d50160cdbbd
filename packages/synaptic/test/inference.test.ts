import synaptic from "synaptic";
import { describe, expect, test } from "vitest";
import { api, difference, inputsOf, networks, scaledClasses, trained } from "./networks.ts";

const { Network } = synaptic;
const rows = inputsOf(scaledClasses("ask", 40));
const ask = (network: { activate(x: number[]): number[] }): number[][] =>
  rows.map((row) => network.activate(row));

// Outputs below 3, whose sums of up to eight terms are rounded in another order: well below 1e-12.
const tolerance = 1e-12;

describe.each(Object.entries(networks))("of %s", (_, make) => {
  const network = trained(make);
  const engine = api.predictBatch(network, rows);

  test("generated code answers as the engine", () => {
    expect(difference(ask(network), engine)).toBeLessThan(tolerance);
    expect(network.optimized).toBeTruthy();
  });

  test("standalone() answers as the engine", () => {
    const alone = network.standalone();
    expect(
      difference(
        rows.map((row) => alone(row)),
        engine,
      ),
    ).toBeLessThan(tolerance);
  });

  test("objects answer as the engine, before generated code and after it", () => {
    const plain = api.fromJSON(api.toJSON(network));
    plain.setOptimize(false);
    expect(difference(ask(plain), engine)).toBeLessThan(tolerance);
    plain.setOptimize(true);
    expect(difference(ask(plain), engine)).toBeLessThan(tolerance);
    plain.setOptimize(false);
    expect(difference(ask(plain), engine)).toBeLessThan(tolerance);
  });

  test("synaptic's fromJSON makes a network that answers as the engine", () => {
    const stock = Network.fromJSON(JSON.parse(JSON.stringify(api.toJSON(network))));
    expect(difference(ask(stock), engine)).toBeLessThan(tolerance);
  });

  test("folded, a stock network answers as the engine", () => {
    const folded = api.foldBatchNorm(network);
    expect(folded.constructor).toBe(Network);
    expect(difference(ask(folded), engine)).toBeLessThan(tolerance);
    const again = Network.fromJSON(JSON.parse(JSON.stringify(folded.toJSON())));
    expect(difference(ask(again), engine)).toBeLessThan(tolerance);
  });

  test("what was trained further is what answers, whether code was generated or not", () => {
    const optimized = trained(make);
    const objects = trained(make);
    objects.setOptimize(false);
    ask(optimized);
    for (const one of [optimized, objects]) {
      new api.BatchTrainer(one, { rate: 0.3 }).train(scaledClasses("on", 60), {
        iterations: 3,
        error: 0,
      });
    }
    expect(optimized.optimized).toBeTruthy();
    expect(difference(ask(optimized), api.predictBatch(optimized, rows))).toBeLessThan(tolerance);
    expect(difference(ask(objects), ask(optimized))).toBeLessThan(tolerance);
    expect(difference(ask(optimized), engine)).toBeGreaterThan(1e-3);
  });
});

describe("what synaptic's restore() takes from a plain Network, connections' gains,", () => {
  const gains = (network: InstanceType<typeof Network>): Set<number> =>
    new Set(
      network
        .neurons()
        .flatMap(({ neuron }) => Object.values(neuron.connections.inputs).map(({ gain }) => gain)),
    );
  const plain = () => {
    const network = new Network(trained(networks["a perceptron of normalized inputs"]!).layers);
    network.activate([1, 2, 3, 4]);
    return network;
  };

  test("is put right by toJSON", () => {
    const network = plain();
    network.toJSON();
    expect(gains(network)).toEqual(new Set([0]));
    api.toJSON(network);
    expect(gains(network)).toEqual(new Set([1]));
  });

  test("is put right by training", () => {
    const network = plain();
    network.setOptimize(false);
    expect(gains(network)).toEqual(new Set([0]));
    new api.BatchTrainer(network).train(scaledClasses("on", 60), { iterations: 1, error: 0 });
    expect(difference(ask(network), api.predictBatch(network, rows))).toBeLessThan(tolerance);
  });
});

test("folding leaves no layer of Batch Normalization where it can", () => {
  const sizes = (name: keyof typeof networks): number[] => {
    const { layers } = api.foldBatchNorm(trained(networks[name]!));
    return [layers.input, ...layers.hidden, layers.output].map(({ size }) => size);
  };
  expect(sizes("a perceptron of normalized inputs")).toEqual([4, 8, 6, 3]);
  expect(sizes("after an activation, and before RELU")).toEqual([4, 8, 6, 3]);
  expect(sizes("the output normalized")).toEqual([4, 3]);
});

test("a value that is not finite gives what it gives in synaptic", () => {
  const network = trained(networks["a perceptron of normalized inputs"]!);
  const x = [0, Number.NaN, 1, 2];
  expect(api.predictBatch(network, [x])).toEqual([network.activate(x)]);
});
