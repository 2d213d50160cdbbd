import { expectRefusal } from "@batchnorm/conformance/vitest";
import { checkTrainingData, Flattener, Trainer } from "@batchnorm/minibatch";
import { describe, expect, test } from "vitest";
import { deepGraph, noise, seeded } from "./sets.ts";

const inputs = noise("x", 37, 4);
const targets = noise("t", 37, 2);
const samples = inputs.map((input, i) => ({ input, output: targets[i]! }));
const widths = { inputs: 4, outputs: 2 } as const;

describe.each(["float32", "float64"] as const)("in %s", (type) => {
  const shape = { ...widths, type };

  test("samples are flattened to what checking inputs and targets gives", () => {
    const expected = checkTrainingData({ inputs, targets }, shape);
    expect(new Flattener().flatten(samples, shape)).toEqual(expected);
  });

  test("rows may be typed arrays, and like arrays", () => {
    const rows = samples.map(({ input, output }) => ({
      input: Float64Array.from(input),
      output: { ...output, length: 2 },
    }));
    const flattener = new Flattener();
    expect(flattener.flatten(rows, shape)).toEqual(new Flattener().flatten(samples, shape));
  });

  const [input, output] = [
    [1, 2, 3, 4],
    [5, 6],
  ];
  const bad: [name: string, sample: unknown][] = [
    ["nothing", undefined],
    ["null", null],
    ["a number", 5],
    ["no input", { output }],
    ["no output", { input }],
    ["null for a row", { input: null, output }],
    ["a short row", { input: [1, 2, 3], output }],
    ["a long row", { input, output: [5, 6, 7] }],
    ["a text for a row", { input: "1234", output }],
    ["a text in a row", { input: [1, "2", 3, 4], output }],
    ["a hole", { input, output: new Array(2).fill(5, 0, 1) }],
    ["null in a row", { input, output: [5, null] }],
    ["big integers", { input, output: BigInt64Array.of(5n, 6n) }],
    ["NaN", { input: [1, Number.NaN, 3, 4], output }],
    ["infinity", { input, output: [Number.NEGATIVE_INFINITY, 6] }],
  ];
  test.each(bad)("%s among the samples gives none", (_, sample) => {
    const flattener = new Flattener();
    for (const at of [0, 20, 36]) {
      const some = samples.map((good, i) => (i === at ? sample : good));
      expect(flattener.flatten(some, shape)).toBeNull();
    }
    expect(flattener.flatten([], shape)).toBeNull();
    expect(flattener.flatten(samples, shape)).toEqual(new Flattener().flatten(samples, shape));
  });
});

test("what is infinite in float32 alone is so there alone", () => {
  const large = [{ input: [1, 2, 3, 1e39], output: [5, 6] }];
  expect(new Flattener().flatten(large, { ...widths, type: "float32" })).toBeNull();
  expect(new Flattener().flatten(large, { ...widths, type: "float64" })?.x[3]).toBe(1e39);
});

test("the arrays of a few samples are used again, and those of many are let go", () => {
  const flattener = new Flattener();
  const shape = { inputs: 1, outputs: 1, type: "float64" } as const;
  const some = (count: number, value: number) =>
    Array.from({ length: count }, () => ({ input: [value], output: [value] }));
  const first = flattener.flatten(some(8, 1), shape);
  expect(flattener.flatten(some(8, 2), shape)?.x).toBe(first?.x);
  expect(first?.t[7]).toBe(2);
  expect(flattener.flatten(some(8, 3), { ...shape, type: "float32" })?.x).not.toBe(first?.x);
  const many = flattener.flatten(some(40_000, 4), shape);
  expect(flattener.flatten(some(40_000, 5), shape)?.x).not.toBe(many?.x);
  expect(many?.x[0]).toBe(4);
});

test("a trainer takes flat samples as they are, of the network's widths", () => {
  const make = () => seeded(deepGraph, { batchSize: 8 });
  const [rows, flat] = [make(), make()];
  const x = new Flattener().flatten(samples, flat)!;
  expect(new Trainer(flat, x).epoch()).toBe(new Trainer(rows, { inputs, targets }).epoch());
  expect(JSON.stringify(flat.toState())).toBe(JSON.stringify(rows.toState()));
  expectRefusal("ERR_BATCHNORM_SHAPE", () => new Trainer(flat, { ...x, count: 36 }));
});
