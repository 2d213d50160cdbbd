import type { Network } from "@batchnorm/synaptic";
import synaptic from "synaptic";
import { describe, expect, test } from "vitest";
import { api, networks, scaledClasses, trained } from "./networks.ts";

const { Network: StockNetwork, Trainer } = synaptic;
const set = scaledClasses("stock", 30) as { input: number[]; output: number[] }[];
const options = { iterations: 2, error: 1e-30, rate: 0.1 };
const weights = (network: Network): string => {
  const { neurons, connections } = network.toJSON() as unknown as {
    neurons: { bias: number; layer: unknown }[];
    connections: unknown[];
  };
  return JSON.stringify([neurons.map(({ bias, layer }) => layer !== "input" && bias), connections]);
};

const withNorm = Object.entries(networks).filter(([name]) => !name.startsWith("no "));

describe.each(withNorm)("synaptic's Trainer, on %s", (_, make) => {
  describe.each([
    ["generated code", true],
    ["objects", false],
  ])("by %s", (_, optimize) => {
    const prepare = (): Network => {
      const network = trained(make);
      network.setOptimize(optimize);
      network.activate([1, 2, 3, 4]);
      return network;
    };

    test("is refused, with the way out, before anything has learned", () => {
      const network = prepare();
      const before = weights(network);
      const refusal = expect(() => new Trainer(network).train(set, options));
      refusal.toThrow(
        expect.objectContaining({
          name: "BatchNormError",
          code: "ERR_BATCHNORM_UNSUPPORTED",
          message: expect.stringMatching(/BatchTrainer.*freezeBatchNorm/),
        }),
      );
      expect(weights(network)).toBe(before);
    });

    test("learns around frozen layers, which stay as they are, until they are thawed", () => {
      const network = prepare();
      api.freezeBatchNorm(network);
      const states = JSON.stringify(api.batchNormStates(network));
      const bn = () =>
        [...network.layers.hidden, network.layers.output].flatMap((layer) =>
          "frozen" in layer
            ? layer.list.map(({ bias, connections }) => [
                bias,
                Object.values(connections.inputs)[0]?.weight,
              ])
            : [],
        );
      const before = { all: weights(network), bn: JSON.stringify(bn()) };
      const first = new Trainer(network).train(set, options);
      expect(new Trainer(network).train(set, { ...options, iterations: 20 }).error).toBeLessThan(
        first.error,
      );
      expect(weights(network)).not.toBe(before.all);
      expect(JSON.stringify(bn())).toBe(before.bn);
      expect(JSON.stringify(api.batchNormStates(network))).toBe(states);
      api.unfreezeBatchNorm(network);
      network.activate([1, 2, 3, 4]);
      expect(() => new Trainer(network).train(set, options)).toThrow("BatchTrainer");
    });
  });
});

test("frozen layers pass the same gradient by generated code and by objects", () => {
  const [a, b] = [true, false].map((optimize) => {
    const network = trained(networks["a perceptron of normalized inputs"]!);
    api.freezeBatchNorm(network);
    network.setOptimize(optimize);
    new Trainer(network).train(set, options);
    return network;
  }) as [Network, Network];
  const [x, y] = [a.activate([1, 2, 3, 4]), b.activate([1, 2, 3, 4])];
  // The same operations, but for the order of a few products.
  for (const [i, value] of x.entries()) expect(value).toBeCloseTo(y[i]!, 10);
});

test("a worker of synaptic's is refused as its Trainer is", () => {
  const network = trained(networks["a perceptron of normalized inputs"]!);
  network.activate([1, 2, 3, 4]);
  expect(() => network.worker(new Float64Array(1), set)).toThrow("BatchTrainer");
});

test("a plain Network with Batch Normalization refuses in generated code too", () => {
  const { layers } = trained(networks["a perceptron of normalized inputs"]!);
  const network = new StockNetwork(layers);
  expect(() => new Trainer(network).train(set, options)).toThrow("BatchTrainer");
  network.setOptimize(false);
  expect(() => new Trainer(network).train(set, options)).toThrow("BatchTrainer");
});

test("BatchTrainer trains frozen layers by their statistics, and leaves them as they are", () => {
  const network = trained(networks["a perceptron of normalized inputs"]!);
  api.freezeBatchNorm(network);
  const states = JSON.stringify(api.batchNormStates(network));
  const before = weights(network);
  // A batch of one has no variance, and needs none here.
  new api.BatchTrainer(network).train(set, { iterations: 2, error: 0, batchSize: 1 });
  expect(JSON.stringify(api.batchNormStates(network))).toBe(states);
  expect(weights(network)).not.toBe(before);
});
