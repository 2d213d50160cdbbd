import { BatchNorm, type BatchNormOptions, type BatchNormState, parseState } from "@batchnorm/core";
import { describe, expect, test } from "vitest";
import { normals } from "./random.ts";
import { expectRefusal } from "./refusal.ts";

function trained(options: BatchNormOptions = {}): BatchNorm {
  const layer = new BatchNorm(2, { name: "hidden", momentum: 0.9, ...options });
  for (let step = 0; step < 5; step++)
    layer.forward(normals(`${step}`, 8, 3), [4, 2], { training: true });
  layer.gamma?.set([0.5, 2]);
  layer.beta?.set([-1, 1]);
  return layer;
}
const json = (layer: BatchNorm): unknown => JSON.parse(JSON.stringify(layer.toState()));

describe("a state", () => {
  test("holds everything, as plain JSON", () => {
    expect(json(trained())).toEqual({
      version: 1,
      name: "hidden",
      channels: 2,
      gamma: [0.5, 2],
      beta: [-1, 1],
      runningMean: Array.from(trained().running?.mean ?? []),
      runningVariance: Array.from(trained().running?.variance ?? []),
      epsilon: 1e-5,
      momentum: 0.9,
      varianceEstimator: "unbiased",
      start: "debiased",
      updates: 5,
      weight: expect.closeTo(1 - 0.9 ** 5, 15),
      valuesPerChannel: 4,
      renorm: null,
    });
  });

  test.each<BatchNormOptions>([
    {},
    { start: "zero-one" },
    { start: "first-batch" },
    { momentum: "cumulative" },
    { center: false },
    { scale: false, center: false },
    { trackRunningStatistics: false },
    { varianceEstimator: "biased", epsilon: 0.1 },
  ])("restores a layer with %j that goes on byte for byte", (options) => {
    const original = trained(options);
    const restored = BatchNorm.fromState(json(original));
    const loaded = new BatchNorm(2, { name: "hidden", ...options });
    loaded.loadState(json(original));
    const x = normals("next", 8);
    for (const training of [true, false]) {
      const y = original.forward(x, [4, 2], { training });
      expect(restored.forward(x, [4, 2], { training })).toEqual(y);
      expect(loaded.forward(x, [4, 2], { training })).toEqual(y);
    }
    expect(restored.toState()).toEqual(original.toState());
    expect(loaded.toState()).toEqual(original.toState());
  });

  test("takes a new momentum and policies on restoring", () => {
    const options = { momentum: 0.5, onNonFinite: "skip", axis: 1 } as const;
    const layer = BatchNorm.fromState(json(trained()), options);
    expect(layer.options).toMatchObject({ ...options, name: "hidden", epsilon: 1e-5 });
    expect(layer.running?.weight).toBeCloseTo(1 - 0.9 ** 5, 15);
  });

  test("prefers its own options to undefined ones", () => {
    expect(BatchNorm.fromState(json(trained()), { momentum: undefined }).options.momentum).toBe(
      0.9,
    );
  });

  test("keeps the name of the layer it is loaded into", () => {
    const layer = new BatchNorm(2, { name: "other" });
    layer.loadState(json(trained()));
    expect(layer.options.name).toBe("other");
  });

  test("may have a variance of exactly 0", () => {
    const state = { ...trained().toState(), runningVariance: [0, 1] };
    expect(parseState(state)).toBe(state);
  });

  test.each<BatchNormOptions>([
    { start: "zero-one" },
    { varianceEstimator: "biased" },
    { center: false },
    { scale: false },
    { trackRunningStatistics: false },
  ])("is not relabelled: restoring with %j is refused", (options) => {
    expectRefusal("ERR_BATCHNORM_STATE", () => BatchNorm.fromState(json(trained()), options));
  });

  test("must have its fields itself", () => {
    expectRefusal("ERR_BATCHNORM_STATE", () => parseState(Object.create(trained().toState())));
  });

  test("that was loaded forgets the forward pass before it", () => {
    const layer = trained();
    layer.loadState(json(layer));
    expectRefusal("ERR_BATCHNORM_NOT_BUILT", () => layer.backward(normals("dy", 8)));
  });
});

describe("a malformed state", () => {
  const good = json(trained()) as BatchNormState;

  test("of another version is refused for that, whatever fields it has", () => {
    const { weight: _gone, ...rest } = good;
    const error = expectRefusal("ERR_BATCHNORM_STATE", () =>
      parseState({ ...rest, version: 2, newer: 1 }),
    );
    expect(error.message).toBe("version of a state must be 1, got 2");
  });

  test.each<[string, object]>([
    ["another version", { version: 2 }],
    ["no channels", { channels: 0 }],
    ["channels that are no number", { channels: "2" }],
    ["too few values", { gamma: [1] }],
    ["a number for an array", { beta: 3 }],
    ["a null, which is what JSON makes of NaN", { gamma: [1, null] }],
    ["an infinite mean", { runningMean: [0, Number.POSITIVE_INFINITY] }],
    ["a negative variance", { runningVariance: [1, -1e-9] }],
    ["a NaN variance", { runningVariance: [Number.NaN, 1] }],
    ["a mean without a variance", { runningVariance: null }],
    ["a fractional count", { updates: 1.5 }],
    ["a negative count", { updates: -1 }],
    ["a count that is no safe integer", { updates: 2 ** 53 }],
    ["a negative weight", { weight: -0.1 }],
    ["a weight that is null, which is what JSON makes of NaN", { weight: null }],
    ["a weight that is text", { weight: "0.5" }],
    ["no weight after updates that were debiased", { weight: 0 }],
    ["updates of statistics that it has not", { runningMean: null, runningVariance: null }],
    ["a typed array", { gamma: Float64Array.of(1, 2) }],
    ["too many values", { gamma: [1, 2, 3] }],
    ["a hole", { gamma: Object.assign([1], { length: 2 }) }],
    [
      "no channels and no values",
      { channels: 0, gamma: [], beta: [], runningMean: [], runningVariance: [] },
    ],
    ["a weight above 1", { weight: 1.1 }],
    ["a weight that is NaN", { weight: Number.NaN }],
    ["m of 0", { valuesPerChannel: 0 }],
    ["m that is no integer", { valuesPerChannel: 2.5 }],
    ["an unknown field", { momentum2: 1 }],
  ])("with %s is refused, and nothing is loaded", (_, change) => {
    const layer = trained();
    const before = layer.toState();
    const bad = { ...good, ...change };
    expectRefusal("ERR_BATCHNORM_STATE", () => parseState(bad));
    expectRefusal("ERR_BATCHNORM_STATE", () => layer.loadState(bad));
    expectRefusal("ERR_BATCHNORM_STATE", () => BatchNorm.fromState(bad));
    expect(layer.toState()).toEqual(before);
  });

  test.each(Object.keys(good))("without %s is refused", (key) => {
    const { [key as keyof BatchNormState]: _, ...rest } = good;
    const { message } = expectRefusal("ERR_BATCHNORM_STATE", () => parseState(rest));
    expect(message).toContain(key);
  });

  test.each([null, undefined, 3, "state"])("like %j is refused", (value) => {
    expectRefusal("ERR_BATCHNORM_STATE", () => parseState(value));
  });

  test.each([
    { momentum: 2 },
    { epsilon: -1 },
    { start: "one" },
    { varianceEstimator: "" },
    { name: 1 },
  ])("with %j is refused as that option would be", (change) => {
    expectRefusal("ERR_BATCHNORM_OPTION", () => parseState({ ...good, ...change }));
  });
});

test.each([
  {
    options: {},
    change: { channels: 1, gamma: [1], beta: [1], runningMean: [1], runningVariance: [1] },
  },
  {
    options: {},
    change: {
      updates: 0,
      channels: 3,
      gamma: null,
      beta: null,
      runningMean: null,
      runningVariance: null,
    },
  },
  { options: { scale: false }, change: {} },
  { options: {}, change: { beta: null } },
  { options: {}, change: { updates: 0, runningMean: null, runningVariance: null } },
])("a state that does not fit the layer is refused: $options $change", ({ options, change }) => {
  const layer = new BatchNorm(2, options);
  layer.beta?.set([5, 6]);
  const before = layer.toState();
  expectRefusal("ERR_BATCHNORM_STATE", () =>
    layer.loadState({ ...trained().toState(), ...change }),
  );
  expect(layer.toState()).toEqual(before);
});
