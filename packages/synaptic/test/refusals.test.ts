import { expectRefusal } from "@batchnorm/conformance/vitest";
import { createBatchNorm, type Layer, type Network, type Sample } from "@batchnorm/synaptic";
import synaptic from "synaptic";
import { describe, expect, test } from "vitest";
import { api, classes, networks, snapshot, trained } from "./networks.ts";

const { Architect, Layer: StockLayer, Network: StockNetwork, Neuron } = synaptic;
const { BatchNormLayer, BatchNormPerceptron, BatchTrainer } = api;
const { ALL_TO_ELSE } = StockLayer.connectionType;

const set = classes("set", 12);
const quick = { iterations: 1, error: 0 };
const perceptron = (): Network => new BatchNormPerceptron(4, 5, 3);
const train = (network: Network, samples: readonly Sample[] = set, options = {}) =>
  new BatchTrainer(network).train(samples, { ...quick, ...options });

/** input(4) → hidden(5) → output(3), of which a part is another. */
function stack(change: (input: Layer, hidden: Layer, output: Layer) => Layer[]): () => Network {
  return () => {
    const [input, hidden, output] = [new StockLayer(4), new StockLayer(5), new StockLayer(3)];
    return new StockNetwork({ input, hidden: change(input, hidden, output), output });
  };
}

const joined = (input: Layer, hidden: Layer, output: Layer): void => {
  input.project(hidden);
  hidden.project(output);
};

/** Every topology that has no batches, with what its error says. */
const topologies: readonly [name: string, make: () => Network, says: string[]][] = [
  [
    "LSTM",
    () => new Architect.LSTM(4, 3, 3),
    ["hidden[0]", "must not gate", "synaptic's own Trainer"],
  ],
  ["Liquid", () => new Architect.Liquid(4, 8, 3, 20, 4), ["neuron", "recurrent"]],
  [
    "a self-connection",
    stack((input, hidden, output) => {
      joined(input, hidden, output);
      hidden.project(hidden);
      return [hidden];
    }),
    ["neuron 0 of hidden[0] must not be connected to itself"],
  ],
  [
    "a gate",
    stack((input, hidden, output) => {
      joined(input, hidden, output);
      hidden.list[2]!.gate(Object.values(output.list[1]!.connections.inputs)[0]!);
      return [hidden];
    }),
    ["neuron 2 of hidden[0] must not gate a connection"],
  ],
  [
    "a gate outside",
    stack((input, hidden, output) => {
      joined(input, hidden, output);
      new Neuron().gate(Object.values(output.list[1]!.connections.inputs)[0]!);
      return [hidden];
    }),
    ["neuron 1 of output must have no gated input"],
  ],
  [
    "a connection back",
    stack((input, hidden, output) => {
      joined(input, hidden, output);
      output.project(hidden);
      return [hidden];
    }),
    ["neuron 0 of hidden[0]", "a connection from output, a later layer"],
  ],
  [
    "connections within a layer",
    stack((input, hidden, output) => {
      joined(input, hidden, output);
      hidden.project(hidden, ALL_TO_ELSE);
      return [hidden];
    }),
    ["neuron 0 of hidden[0]", "a connection within its layer"],
  ],
  [
    "hidden layers in another order",
    stack((input, hidden, output) => {
      const second = new StockLayer(2);
      input.project(hidden);
      hidden.project(second);
      second.project(output);
      return [second, hidden];
    }),
    ["neuron 0 of hidden[0]", "from hidden[1], a later layer", "in the order they feed"],
  ],
  [
    "a connection into the input layer",
    stack((input, hidden, output) => {
      joined(input, hidden, output);
      new Neuron().project(input.list[3]!);
      return [hidden];
    }),
    ["neuron 3 of input must have no connection into it"],
  ],
  [
    "a neuron of another network",
    stack((input, hidden, output) => {
      joined(input, hidden, output);
      new Neuron().project(hidden.list[4]!);
      return [hidden];
    }),
    ["neuron 4 of hidden[0] must be connected to neurons of its own network"],
  ],
  [
    "a neuron in two layers",
    stack((input, hidden, output) => {
      joined(input, hidden, output);
      hidden.list[1] = input.list[0]!;
      return [hidden];
    }),
    ["neuron 1 of hidden[0] must be in one layer alone"],
  ],
  [
    "a neuron that nothing feeds",
    stack((input, hidden, output) => {
      joined(input, hidden, output);
      hidden.add();
      hidden.list[5]!.project(output.list[0]!);
      return [hidden];
    }),
    ["neuron 5 of hidden[0] must have an input"],
  ],
  [
    "a neuron that feeds none",
    stack((input, hidden, output) => {
      joined(input, hidden, output);
      hidden.add();
      input.list[0]!.project(hidden.list[5]!);
      return [hidden];
    }),
    ["neuron 5 of hidden[0] must feed a layer behind it"],
  ],
  [
    "two functions in one layer",
    stack((input, hidden, output) => {
      joined(input, hidden, output);
      hidden.list[3]!.squash = Neuron.squash.TANH;
      return [hidden];
    }),
    ["neuron 3 of hidden[0] must have the squash of neuron 0, LOGISTIC", "make two layers", "TANH"],
  ],
  [
    "a function of one's own",
    stack((input, hidden, output) => {
      joined(input, hidden, output);
      hidden.set({ squash: Math.sin });
      return [hidden];
    }),
    ["neuron 0 of hidden[0] must have a squash of Neuron.squash"],
  ],
  [
    "an empty layer",
    stack((input, _, output) => {
      input.project(output);
      return [new StockLayer(0)];
    }),
    ["hidden[0] must be a layer of one neuron or more"],
  ],
  [
    "ALL_TO_ALL into Batch Normalization",
    stack((input, hidden, output) => {
      const bn = new BatchNormLayer(5);
      input.project(hidden);
      hidden.project(bn);
      for (const [i, neuron] of bn.list.entries()) neuron.project(output.list[i % 3]!);
      return [hidden, bn];
    }),
    ["neuron 0 of hidden[1] must have one input alone", "ONE_TO_ONE", "5 inputs"],
  ],
  [
    "Batch Normalization that follows nothing",
    stack((input, hidden, output) => {
      const bn = new BatchNormLayer(5);
      joined(input, hidden, output);
      for (const neuron of bn.list) neuron.project(output.list[0]!);
      return [hidden, bn];
    }),
    ["neuron 0 of hidden[1] must have an input", "bn.after(layer)"],
  ],
  [
    "Batch Normalization crosswise",
    stack((input, hidden, output) => {
      const bn = new BatchNormLayer(5);
      input.project(hidden);
      for (const [i, neuron] of hidden.list.entries()) neuron.project(bn.list[(i + 1) % 5]!);
      bn.project(output);
      return [hidden, bn];
    }),
    ["neuron 0 of hidden[1] must normalize neuron 0", "neuron 4"],
  ],
];

describe.each(topologies)("%s", (_, make, says) => {
  test("is refused by layer and neuron, with a way out, and stays as it was", () => {
    const network = make();
    const before = JSON.stringify(network.toJSON());
    for (const call of [
      () => train(network),
      () => api.predictBatch(network, [[1, 2, 3, 4]]),
      () => api.foldBatchNorm(network),
      () => api.freezeBatchNorm(network),
      () => api.batchNormStates(network),
    ]) {
      const { message } = expectRefusal("ERR_BATCHNORM_UNSUPPORTED", call);
      for (const text of says) expect(message).toContain(text);
    }
    expect(JSON.stringify(network.toJSON())).toBe(before);
  });
});

test("Batch Normalization of two layers, or a part of one, is refused", () => {
  const [input, a, b, output] = [4, 2, 3, 3].map((size) => new StockLayer(size)) as [
    Layer,
    Layer,
    Layer,
    Layer,
  ];
  input.project(a);
  input.project(b);
  const bn = new BatchNormLayer(5);
  for (const [i, neuron] of [...a.list, ...b.list].entries()) neuron.project(bn.list[i]!);
  bn.project(output);
  const { message } = expectRefusal("ERR_BATCHNORM_SHAPE", () =>
    train(new StockNetwork({ input, hidden: [a, b, bn], output })),
  );
  expect(message).toContain("hidden[2], a BatchNormLayer of 5, must follow one layer");
});

test("a layer of Batch Normalization is refused where it does not fit, and nothing is connected", () => {
  const five = new StockLayer(5);
  const bn = new BatchNormLayer(4);
  expectRefusal("ERR_BATCHNORM_SHAPE", () => bn.after(five));
  expect(five.connectedTo).toEqual([]);
  expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => bn.project(five));
  expect(bn.connectedTo).toEqual([]);
  bn.after(new StockLayer(4));
  expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => bn.after(new StockLayer(4)));
  expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => bn.after({ size: 4, list: [] }));
});

test.each([
  [{ size: 0 }, "ERR_BATCHNORM_SHAPE"],
  [{ size: 2.5 }, "ERR_BATCHNORM_SHAPE"],
  [{ epsilon: -1 }, "ERR_BATCHNORM_OPTION"],
  [{ momentum: 1.5 }, "ERR_BATCHNORM_OPTION"],
  [{ moment: 0.9 }, "ERR_BATCHNORM_OPTION"],
  [{ axis: 0 }, "ERR_BATCHNORM_UNSUPPORTED"],
  [{ virtualBatchSize: 4 }, "ERR_BATCHNORM_UNSUPPORTED"],
  [{ renorm: {} }, "ERR_BATCHNORM_UNSUPPORTED"],
  [{ trackRunningStatistics: false }, "ERR_BATCHNORM_UNSUPPORTED"],
] as const)("a layer made with %o is refused", (given, code) => {
  const { size = 3, ...options } = { size: 3, ...given };
  expectRefusal(code, () => new BatchNormLayer(size, options as object));
});

test.each([[[3, 2]], [[3, 0, 2]], [[3, 1.5, 2]]])("a perceptron of %s is refused", (sizes) => {
  expectRefusal("ERR_BATCHNORM_SHAPE", () => new BatchNormPerceptron(...sizes));
});

test("a perceptron's unknown option is refused with all those that there are", () => {
  const options = { normalizeInput: true } as object;
  const error = expectRefusal(
    "ERR_BATCHNORM_OPTION",
    () => new BatchNormPerceptron(4, 5, 3, options),
  );
  expect(error.message).toMatch(/normalizeInputs.*momentum/);
  expect(() => new BatchNormPerceptron(4, 5, 3, undefined)).not.toThrow();
});

describe("a bad set", () => {
  const change = (at: number, sample: unknown): Sample[] =>
    set.map((one, i) => (i === at ? (sample as Sample) : one));
  const [output, input] = [
    [1, 0, 0],
    [1, 2, 3, 4],
  ];
  test.each([
    [
      "NaN",
      change(3, { input: [1, 2, Number.NaN, 4], output }),
      "NON_FINITE",
      "sample 3 of the inputs",
      "field 2",
    ],
    [
      "infinity",
      change(3, { input, output: [1, Infinity, 0] }),
      "NON_FINITE",
      "sample 3 of the outputs",
      "field 1",
    ],
    [
      "a short input",
      change(2, { input: [1, 2], output }),
      "SHAPE",
      "sample 2 of the inputs",
      "4 fields",
    ],
    [
      "a long output",
      change(2, { input, output: [1, 0, 0, 0] }),
      "SHAPE",
      "sample 2 of the outputs",
      "3 fields",
    ],
    [
      "a text",
      change(1, { input: [1, "2", 3, 4], output }),
      "DTYPE",
      "sample 1 of the inputs",
      "field 1",
    ],
    ["a hole", change(5, undefined), "DTYPE", "sample 5", "an input and an output"],
    ["no output", change(5, { input }), "DTYPE", "sample 5", "an input and an output"],
    ["no sample", [], "TOO_FEW_VALUES", "the inputs", "0"],
    ["one sample", set.slice(0, 1), "TOO_FEW_VALUES", "2 samples or more", "got 1"],
    ["no set", { input, output } as never, "DTYPE", "an array of { input, output }", "Object"],
  ] as const)(
    "with %s is refused by sample and field, and the network stays",
    (_, bad, code, ...says) => {
      const network = trained(networks["a perceptron of normalized inputs"]!);
      network.activate([1, 2, 3, 4]);
      const before = snapshot(network);
      const { message } = expectRefusal(`ERR_BATCHNORM_${code}`, () => train(network, bad));
      for (const text of says) expect(message).toContain(text);
      expect(snapshot(network)).toBe(before);
    },
  );

  test("a batch of one is refused; a lone last sample joins the batch before it", () => {
    const network = perceptron();
    const before = snapshot(network);
    expectRefusal("ERR_BATCHNORM_OPTION", () => train(network, set, { batchSize: 1 }));
    expect(snapshot(network)).toBe(before);
    train(network, set.slice(0, 9), { batchSize: 4 });
    expect(api.batchNormStates(network)[0]?.updates).toBe(3);
    train(network, set.slice(0, 3), { batchSize: 2 });
    expect(api.batchNormStates(network)[0]).toMatchObject({ updates: 4 });
  });
});

test.each([
  { rate: -1 },
  { rate: [] },
  { rate: [0.1, Number.NaN] },
  { rate: "fast" },
  { iterations: 1.5 },
  { error: -1 },
  { cost: 1 },
  { shuffle: "yes" },
  { batchSize: 0 },
  { seed: -1 },
  { log: -1 },
  { optimizer: { kind: "adagrad" } },
  { crossValidate: { testSize: 1 } },
  { crossValidate: { testSize: 0.001 } },
  { crossValidate: { testSize: 0.5, testError: -1 } },
  { schedule: { every: 0, do: () => false } },
  { schedule: { every: 1 } },
  { customLog: { every: 1 } },
  { learningRate: 1 },
])("the option %o is refused, and the network stays", (options) => {
  const network = perceptron();
  const before = snapshot(network);
  expectRefusal("ERR_BATCHNORM_OPTION", () => train(network, set, options));
  expect(snapshot(network)).toBe(before);
});

test("a network that has gone NaN is refused by name", () => {
  const network = perceptron();
  network.layers.hidden[0]!.list[2]!.bias = Number.NaN;
  const { message } = expectRefusal("ERR_BATCHNORM_NON_FINITE", () => train(network));
  expect(message).toContain("the bias of neuron 2 of hidden[0]");
  network.layers.hidden[0]!.list[2]!.bias = 0;
  Object.values(network.layers.output.list[1]!.connections.inputs)[0]!.weight = Infinity;
  expect(expectRefusal("ERR_BATCHNORM_NON_FINITE", () => train(network)).message).toContain(
    "the weights of neuron 1 of output",
  );
});

test("what is not synaptic is refused, and its namespace too", () => {
  expectRefusal("ERR_BATCHNORM_OPTION", () => createBatchNorm({}));
  expectRefusal("ERR_BATCHNORM_OPTION", () => createBatchNorm({ default: synaptic }));
  expectRefusal("ERR_BATCHNORM_OPTION", () => createBatchNorm(null as never));
  expect(createBatchNorm(synaptic)).toBe(api);
});

test("training that diverges names the step, and the network keeps the last good parameters", () => {
  const network = perceptron();
  const { message } = expectRefusal("ERR_BATCHNORM_NON_FINITE", () =>
    train(network, set, { rate: 1e300, iterations: 50 }),
  );
  expect(message).toContain("lower the rate");
  expect(network.activate([1, 2, 3, 4]).every(Number.isFinite)).toBe(true);
});
