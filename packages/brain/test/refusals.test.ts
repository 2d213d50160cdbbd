import { expectRefusal } from "@batchnorm/conformance/vitest";
import type { BatchNormErrorCode } from "@batchnorm/core";
import { describe, expect, test } from "vitest";
import { brain1, brain2, versions } from "./hosts.ts";
import { classOf, copy, everythingOf } from "./nets.ts";
import { noise, xor } from "./sets.ts";

const withSample = (sample: unknown): unknown[] => [...xor.slice(0, 2), sample, ...xor.slice(2)];
const { input, output } = xor[0] as { input: number[]; output: number[] };

/** What is wrong, what it is refused with, and what the message names. */
const badData: [string, unknown, BatchNormErrorCode, RegExp][] = [
  [
    "NaN",
    withSample({ input: [0, Number.NaN], output }),
    "ERR_BATCHNORM_NON_FINITE",
    /sample 2 of input .*field 1/,
  ],
  [
    "Infinity",
    withSample({ input, output: [Infinity] }),
    "ERR_BATCHNORM_NON_FINITE",
    /sample 2 of output .*field 0/,
  ],
  [
    "what float32 cannot hold",
    withSample({ input: [1e39, 0], output }),
    "ERR_BATCHNORM_NON_FINITE",
    /sample 2 of input .*field 0/,
  ],
  [
    "undefined",
    withSample({ input: [undefined, 0], output }),
    "ERR_BATCHNORM_DTYPE",
    /sample 2 of input .*field 0/,
  ],
  [
    "a text",
    withSample({ input: [0, "1"], output }),
    "ERR_BATCHNORM_DTYPE",
    /sample 2 of input .*field 1/,
  ],
  ["no output", withSample({ input }), "ERR_BATCHNORM_DTYPE", /sample 2 must/],
  ["no sample", withSample(null), "ERR_BATCHNORM_DTYPE", /sample 2 must/],
  ["an empty set", [], "ERR_BATCHNORM_TOO_FEW_VALUES", /must hold samples/],
  ["nothing", undefined, "ERR_BATCHNORM_DTYPE", /sample 0 must/],
  [
    "a ragged row",
    withSample({ input: [1], output }),
    "ERR_BATCHNORM_SHAPE",
    /sample 2 of input must have 2 fields/,
  ],
  [
    "a wider output",
    withSample({ input, output: [1, 2] }),
    "ERR_BATCHNORM_SHAPE",
    /sample 2 of output must have 1/,
  ],
  [
    "rows without fields",
    [
      { input: [], output },
      { input: [], output },
    ],
    "ERR_BATCHNORM_SHAPE",
    /input of sample 0|sample 0 of input/,
  ],
  ["one sample", [xor[0]], "ERR_BATCHNORM_TOO_FEW_VALUES", /2 samples or more/],
  [
    "objects among arrays",
    withSample({ input: { a: 1 }, output }),
    "ERR_BATCHNORM_DTYPE",
    /input of sample 2 must be an array/,
  ],
];

const badObjects: [string, object, BatchNormErrorCode, RegExp][] = [
  ["NaN", { a: Number.NaN }, "ERR_BATCHNORM_NON_FINITE", /input.a of sample 1/],
  ["a text", { a: "1" }, "ERR_BATCHNORM_DTYPE", /input.a of sample 1/],
  ["undefined", { a: undefined }, "ERR_BATCHNORM_DTYPE", /input.a of sample 1/],
  ["an array", [1], "ERR_BATCHNORM_DTYPE", /input of sample 1 must be an object/],
];

describe.each(versions)("with %s", (_, brain) => {
  const Net = classOf(brain);
  const make = (): ReturnType<typeof trained> =>
    new Net({ hiddenLayers: [3], batchNorm: { input: true, batchSize: 4, seed: 1 } });
  const trained = () => {
    const net = new Net({ hiddenLayers: [3], batchNorm: { input: true, batchSize: 4, seed: 1 } });
    net.train(xor, { iterations: 3 });
    return net;
  };

  test.each(badData)("%s is refused, and leaves the network as it was", (_, data, code, names) => {
    for (const net of [make(), trained()]) {
      const before = everythingOf(net);
      const error = expectRefusal(code, () => net.train(data, { learningRate: 0.7 }));
      expect(error.message).toMatch(names);
      expect(everythingOf(net)).toBe(before);
    }
  });

  test.each(badObjects)("%s in objects is refused by its key", (_, input, code, names) => {
    const net = make();
    const before = everythingOf(net);
    const data = [
      { input: { a: 1, b: 2 }, output: { c: 1 } },
      { input, output: { c: 0 } },
    ];
    expect(expectRefusal(code, () => net.train(data)).message).toMatch(names);
    expect(everythingOf(net)).toBe(before);
  });

  test("trainAsync rejects as train throws", async () => {
    const net = make();
    await expect(net.trainAsync([xor[0]])).rejects.toMatchObject({
      code: "ERR_BATCHNORM_TOO_FEW_VALUES",
    });
  });

  test("what brain.js refuses of its options leaves the network as it was, too", () => {
    const net = trained();
    const before = everythingOf(net);
    expect(() => net.train(xor, { momentum: 0.5, learningRate: 2 })).toThrow(/learningRate, 2/);
    expect(everythingOf(net)).toBe(before);
  });

  test("a single sample trains nothing: trainPattern and its like are refused", () => {
    const net = trained();
    const before = everythingOf(net);
    const error = expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => net.trainPattern(xor[0]));
    expect(error.message).toMatch(/train\(data\)/);
    const hooks = net as unknown as {
      trainPatterns(d: unknown): void;
      calculateTrainingError(d: unknown): void;
    };
    expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => hooks.trainPatterns(xor));
    expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => hooks.calculateTrainingError(xor));
    expect(everythingOf(net)).toBe(before);
  });

  test.each<[string, object, BatchNormErrorCode, RegExp]>([
    ["a batch of one", { batchSize: 1 }, "ERR_BATCHNORM_OPTION", /batchSize must be 2/],
    ["half a batch", { batchSize: 2.5 }, "ERR_BATCHNORM_OPTION", /batchSize/],
    ["an unknown option", { batchsize: 4 }, "ERR_BATCHNORM_OPTION", /batchsize/],
    ["an unknown option of a layer", { input: { eps: 1 } }, "ERR_BATCHNORM_OPTION", /input .*eps/],
    ["what units have not", { hidden: { axis: 1 } }, "ERR_BATCHNORM_OPTION", /axis/],
    ["a momentum out of range", { momentum: 2 }, "ERR_BATCHNORM_OPTION", /momentum/],
    ["a seed below 0", { seed: -1 }, "ERR_BATCHNORM_OPTION", /seed/],
    ["another type", { type: "float16" }, "ERR_BATCHNORM_OPTION", /type/],
    ["a text for shuffle", { shuffle: "no" }, "ERR_BATCHNORM_OPTION", /shuffle/],
    ["a text for onWarning", { onWarning: "log" }, "ERR_BATCHNORM_OPTION", /onWarning/],
  ])("%s is refused by the constructor", (_, batchNorm, code, names) => {
    expect(expectRefusal(code, () => new Net({ batchNorm })).message).toMatch(names);
  });

  test("options for another number of hidden layers are refused, and leave no weights", () => {
    const net = new Net({ hiddenLayers: [3, 3], batchNorm: { hidden: [true] } });
    const before = everythingOf(net);
    const error = expectRefusal("ERR_BATCHNORM_OPTION", () => net.train(xor));
    expect(error.message).toMatch(/each of the 2 hidden layers/);
    expect(everythingOf(net)).toBe(before);
  });

  test("a network on the GPU, a recurrent one, and what is none are refused", () => {
    const { NeuralNetworkGPU, recurrent } = brain;
    for (const Base of [NeuralNetworkGPU, recurrent.LSTM, Object, null]) {
      expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () =>
        classOf({ ...brain, NeuralNetwork: Base as never }),
      );
    }
  });

  test("two things at a time are refused, and do not disturb the first", async () => {
    const net = make();
    const going = net.trainAsync(noise(1, 500, 2, 1), { iterations: 50, errorThresh: 1e-9 });
    expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => net.train(xor));
    expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => net.initialize());
    expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => net.fromJSON(net.toJSON()));
    expect((await going).iterations).toBe(50);
    net.train(xor, { iterations: 1 });
  });

  test("training that diverges says so, and goes back to numbers that are finite", () => {
    const net = new Net({
      hiddenLayers: [8],
      activation: "relu",
      batchNorm: { hidden: false, seed: 1 },
    });
    const data = noise(1, 64, 2, 6).map(({ input, output }) => ({
      input: input.map((value) => 1e25 * value),
      output,
    }));
    expectRefusal("ERR_BATCHNORM_NON_FINITE", () => net.train(data, { learningRate: 0.9 }));
    for (const row of net.weights[1]!) expect(Array.from(row).every(Number.isFinite)).toBe(true);
    expect(net.train(noise(1, 64, 2, 6), { iterations: 2 }).iterations).toBe(2);
  });

  test("a broken callback ends training, and what was learned stays", () => {
    const net = make();
    const callback = (): never => {
      throw new Error("broken");
    };
    expect(() => net.train(xor, { callback, callbackPeriod: 2 })).toThrow("broken");
    expect(new Net().fromJSON(copy(net.toJSON())).run([0, 1])).toEqual(net.run([0, 1]));
    expect(
      net.train(xor, { iterations: 1, callback: brain === brain1 ? null : undefined }).iterations,
    ).toBe(1);
  });

  test("JSON that is not ours to read is refused, and leaves the network as it was", () => {
    const net = trained();
    const good = copy(net.toJSON()) as { batchNorm: Record<string, unknown>; layers: unknown };
    const before = everythingOf(net);
    // Networks of other sizes than brain.js's part of the JSON.
    const [larger, wider] = [new Net({ hiddenLayers: [9] }), new Net({ hiddenLayers: [4] })];
    larger.train(noise(1, 4, 2, 1), { iterations: 1 });
    wider.train(noise(1, 4, 3, 1), { iterations: 1 });
    const { network } = good.batchNorm as { network: Record<string, unknown> };
    const bad: [BatchNormErrorCode, unknown][] = [
      ["ERR_BATCHNORM_STATE", null],
      ["ERR_BATCHNORM_STATE", { ...good.batchNorm, version: 2 }],
      ["ERR_BATCHNORM_STATE", { ...good.batchNorm, network: { ...network, layers: [] } }],
      ["ERR_BATCHNORM_STATE", { ...good.batchNorm, position: { epoch: 1 } }],
      ["ERR_BATCHNORM_STATE", { ...good.batchNorm, samples: -1 }],
      ["ERR_BATCHNORM_OPTION", { ...good.batchNorm, settings: { batchSize: 0 } }],
      ["ERR_BATCHNORM_STATE", { ...good.batchNorm, inputLookup: 3 }],
      ["ERR_BATCHNORM_STATE", { ...good.batchNorm, outputLookup: undefined }],
      ["ERR_BATCHNORM_STATE", larger.toJSON().batchNorm],
      ["ERR_BATCHNORM_STATE", wider.toJSON().batchNorm],
    ];
    for (const [code, batchNorm] of bad) {
      expectRefusal(code, () => net.fromJSON({ ...good, batchNorm }));
      expect(everythingOf(net)).toBe(before);
    }
    expect(() => net.fromJSON({ ...good, layers: null })).toThrow();
    expect(everythingOf(net)).toBe(before);
  });
});

test("leaky-relu of brain.js 1.6.1 is refused, and that of 2 trains", () => {
  const activation = "leaky-relu";
  const batchNorm = { batchSize: 4, seed: 1 };
  const Net1 = classOf(brain1);
  const error = expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => new Net1({ activation }));
  expect(error.message).toMatch(/brain.js#560/);
  const net = new Net1({ hiddenLayers: [4], batchNorm });
  net.train(xor, { iterations: 1 });
  const before = everythingOf(net);
  expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => net.train(xor, { activation }));
  expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => net.fromJSON({ ...net.toJSON(), activation }));
  expect(everythingOf(net)).toBe(before);
  const net2 = new (classOf(brain2))({
    hiddenLayers: [8],
    activation,
    leakyReluAlpha: 0.2,
    batchNorm,
  });
  const { error: last } = net2.train(xor, { iterations: 2000, learningRate: 0.1 });
  expect(last).toBeLessThan(0.02);
});
