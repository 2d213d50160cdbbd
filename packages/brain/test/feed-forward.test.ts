import { batchNormLayers } from "@batchnorm/brain/feed-forward";
import { expectRefusal } from "@batchnorm/conformance/vitest";
import type { BatchNormErrorCode } from "@batchnorm/core";
import { describe, expect, test, vi } from "vitest";
import { brain1, brain2, type Layers } from "./hosts.ts";
import { copy } from "./nets.ts";
import { noise, type Sample, threeClasses, xor } from "./sets.ts";

const { batchNorm, BatchFeedForward } = batchNormLayers(brain2);
const { input, multiply, random, sigmoid, target, feedForward } = brain2.layer;

// gpu.js says on the console that there is no GPU here.
vi.spyOn(console, "warn").mockImplementation(() => {});

/** A layer of brain.js's, as its graph is made of. */
type Layer = ReturnType<Layers["sigmoid"]>;

/** W · x for a whole batch: brain.js's own feedForward has a bias of one column, which it cannot add. */
const dense =
  (height: number) =>
  (before: { height: number }): Layer =>
    multiply(random({ height, width: before.height, std: 1 / Math.sqrt(before.height) }), before);

function netOf(width: number, features: number, units: readonly number[], options: object = {}) {
  const layers = units.flatMap((height) => [
    dense(height),
    (before: Layer) => batchNorm(before),
    (before: Layer) => sigmoid(before),
  ]);
  return new BatchFeedForward({
    inputLayer: () => input({ height: features, width }),
    hiddenLayers: layers,
    outputLayer: (before: Layer) => target({ height: units.at(-1), width }, before),
    ...options,
  });
}

const answers = (net: ReturnType<typeof netOf>, data: readonly Sample[]): number[][] =>
  data.map(({ input }) => Array.from(net.run(input) as ArrayLike<number>));

test("XOR is learned by the whole batch, and one sample's answer does not depend on others", () => {
  const net = netOf(4, 2, [6, 1]);
  const { error } = net.train(xor, { iterations: 1500, errorThresh: 0.003 });
  expect(error).toBeLessThan(0.01);
  for (const [i, [y]] of answers(net, xor).entries()) expect(y).toBeCloseTo(xor[i]!.output[0]!, 0);
});

test("several outputs are each trained towards their own target", () => {
  const data = threeClasses(1, 96).map(({ input: [a = 0, b = 0], output }) => ({
    input: [(a - 17000) / 300, b * 1e3 - 1],
    output,
  }));
  const net = netOf(16, 2, [8, 3]);
  net.train(data, { iterations: 101 });
  const right = answers(net, data).filter((y, i) => y.indexOf(Math.max(...y)) === i % 3);
  expect(right.length / data.length).toBeGreaterThan(0.9);
});

test("gradients agree with finite differences through brain.js's own kernels", () => {
  const net = netOf(6, 3, [4, 2]);
  net.initialize();
  const data = noise(3, 6, 3, 2);
  const matrix = (key: "input" | "output", height: number): Float32Array[] =>
    Array.from({ length: height }, (_, f) => Float32Array.from(data, (sample) => sample[key][f]!));
  const [x, t] = [matrix("input", 3), matrix("output", 2)];
  for (const layer of net.layers) if ("training" in layer) layer.training = true;
  const rows = (value: { toArray?(): Float32Array[] }): Float32Array[] =>
    value.toArray?.() ?? (value as never);
  const loss = (): number =>
    rows(net.runInput(x)).reduce(
      (sum, row, f) => sum + row.reduce((s, y, b) => s + 0.5 * (y - t[f]![b]!) ** 2, 0),
      0,
    );
  const weights = net.layers.filter((layer: object) => layer.constructor.name === "Random");
  expect(weights).toHaveLength(2);
  // brain.js's own are another in each run, and of some the loss bends too much for a difference.
  for (const [l, layer] of weights.entries()) {
    for (const [y, row] of rows(layer.weights).entries()) {
      for (let k = 0; k < row.length; k++) row[k] = Math.sin(1 + 7 * l + 3 * y + k);
    }
  }
  net.runInput(x);
  net._calculateDeltas(t);
  const analytic = weights.map((layer: { deltas: never }) =>
    rows(layer.deltas).map((row) => Array.from(row)),
  );
  for (const [l, layer] of weights.entries()) {
    for (const [y, row] of rows(layer.weights).entries()) {
      for (let k = 0; k < row.length; k++) {
        const [weight, h] = [row[k]!, 3e-3];
        row[k] = weight + h;
        const above = loss();
        row[k] = weight - h;
        const difference = (above - loss()) / (2 * h);
        row[k] = weight;
        // Differences in float32: 1e-7 of a loss near 1, by 2h.
        expect(analytic[l][y][k]).toBeCloseTo(difference, 3);
      }
    }
  }
});

test("objects are read and answered by their keys", () => {
  const data = [
    { input: { a: 0, b: 0 }, output: { same: 1 } },
    { input: { a: 0, b: 1 }, output: { other: 1 } },
    { input: { a: 1 }, output: { other: 1 } },
    { input: { a: 1, b: 1 }, output: { same: 1 } },
  ];
  const net = netOf(4, 2, [6, 2]);
  net.train(data, { iterations: 301, errorThresh: 1e-3 });
  const y = net.run({ a: 1 }) as unknown as Record<string, number>;
  expect(Object.keys(y)).toEqual(["same", "other"]);
  expect(y.other).toBeGreaterThan(y.same!);
});

test("JSON holds the layer, and BatchFeedForward reads it", () => {
  const net = netOf(4, 2, [4, 1]);
  net.train(xor, { iterations: 50 });
  const again = BatchFeedForward.fromJSON(copy(net.toJSON()));
  again.initialize();
  expect(again).toBeInstanceOf(BatchFeedForward);
  expect(answers(again, xor)).toEqual(answers(net, xor));
  const statesOf = (one: typeof net) =>
    one.layers.flatMap((layer: object) =>
      "toState" in layer ? [copy((layer.toState as () => object)())] : [],
    );
  expect(statesOf(again)).toEqual(statesOf(net));
  expect(statesOf(net)[0]).toMatchObject({ channels: 4, updates: 50 });
  expect(copy(again.toJSON()).layers).toEqual(copy(net.toJSON()).layers);
});

test("gamma and beta follow the network's praxisOpts, but those of their own where they have them", () => {
  const of = (learningRate: number): object => ({ praxisOpts: { learningRate, smoothEps: 1e-20 } });
  const net = new BatchFeedForward({
    inputLayer: () => input({ height: 2, width: 4 }),
    hiddenLayers: [
      dense(4),
      (before: Layer) => batchNorm(before),
      dense(3),
      (before: Layer) => batchNorm(before, of(0.125)),
    ],
    outputLayer: (before: Layer) => target({ height: 3, width: 4 }, before),
    ...of(0.5),
  });
  net.train(noise(1, 4, 2, 3), { iterations: 1 });
  const [first, second] = net.layers.filter((one: object) => "toState" in one);
  // The first step is learningRate · g / √(0.001 · g²), whatever the gradient.
  for (const [layer, rate] of [
    [first, 0.5],
    [second, 0.125],
  ]) {
    for (const gamma of layer.toState().gamma) {
      expect(Math.abs(gamma - 1)).toBeCloseTo(rate / Math.sqrt(0.001), 3);
    }
  }
});

test("trainAsync trains too, and run may be called meanwhile", async () => {
  const net = netOf(4, 2, [4, 1]);
  net.initialize();
  const going = net.trainAsync(xor, { iterations: 30 });
  const updates = (): number =>
    net.layers.find((one: object) => "toState" in one).toState().updates;
  net.run([0, 1]);
  await going;
  const trained = updates();
  expect(trained).toBe(30);
  net.run([0, 1]);
  expect(updates()).toBe(trained);
});

describe("what it cannot do is refused", () => {
  test.each<[string, BatchNormErrorCode, () => unknown]>([
    ["a width of one", "ERR_BATCHNORM_TOO_FEW_VALUES", () => netOf(1, 2, [3, 1]).initialize()],
    [
      "a depth",
      "ERR_BATCHNORM_UNSUPPORTED",
      () => batchNorm({ width: 4, height: 4, depth: 2, weights: null, deltas: null }),
    ],
    [
      "an unknown option",
      "ERR_BATCHNORM_OPTION",
      () => batchNorm({ width: 4, height: 4, weights: null, deltas: null }, { eps: 1 } as never),
    ],
    ["brain.js 1.6.1", "ERR_BATCHNORM_UNSUPPORTED", () => batchNormLayers(brain1 as never)],
    ["no brain.js", "ERR_BATCHNORM_UNSUPPORTED", () => batchNormLayers(null as never)],
  ])("%s", (_, code, call) => {
    expectRefusal(code, call);
  });

  test.each<[string, BatchNormErrorCode, unknown]>([
    ["fewer samples than a batch", "ERR_BATCHNORM_TOO_FEW_VALUES", xor.slice(0, 3)],
    ["an empty set", "ERR_BATCHNORM_TOO_FEW_VALUES", []],
    ["NaN", "ERR_BATCHNORM_NON_FINITE", [...xor, { input: [Number.NaN, 1], output: [1] }]],
    ["a ragged row", "ERR_BATCHNORM_SHAPE", [...xor, { input: [1], output: [1] }]],
  ])("%s", (_, code, data) => {
    const net = netOf(4, 2, [3, 1]);
    net.initialize();
    const before = JSON.stringify(net.toJSON());
    expectRefusal(code, () => net.train(data, {}));
    expect(JSON.stringify(net.toJSON())).toBe(before);
  });

  test("an input of another width", () => {
    expectRefusal("ERR_BATCHNORM_SHAPE", () => netOf(4, 2, [3, 1]).run([1, 2, 3]));
  });

  test("brain.js itself refuses its feedForward, whose bias is one column", () => {
    const net = new BatchFeedForward({
      inputLayer: () => input({ height: 2, width: 4 }),
      hiddenLayers: [(before: Layer) => feedForward({ height: 3 }, before)],
      outputLayer: (before: Layer) => target({ height: 3, width: 4 }, before),
    });
    expect(() => net.initialize()).toThrow(/width mismatch/);
  });
});
