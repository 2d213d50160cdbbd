import { expectRefusal } from "@batchnorm/conformance/vitest";
import { checkSamples, checkTrainingData, type Samples } from "@batchnorm/minibatch";
import * as fc from "fast-check";
import { expect, test } from "vitest";

// The same cases on every run.
fc.configureGlobal({ seed: 20261121 });

const check = (samples: unknown, width = 2, type: "float32" | "float64" = "float64") =>
  checkSamples("inputs", samples as Samples, width, type);

test("rows, typed rows and one flat array of any kind are the same matrix", () => {
  const expected = { values: Float64Array.of(1, 2, 3, 4), count: 2 };
  const forms: unknown[] = [
    [
      [1, 2],
      [3, 4],
    ],
    [Float32Array.of(1, 2), Int8Array.of(3, 4)],
    [1, 2, 3, 4],
    Float64Array.of(1, 2, 3, 4),
    Uint8Array.of(1, 2, 3, 4),
    [{ length: 2, 0: 1, 1: 2 }, [3, 4]],
  ];
  for (const form of forms) expect(check(form)).toEqual(expected);
});

test("a flat array of the network's type is taken as it is, and no other", () => {
  const x = Float32Array.of(1, 2);
  expect(check(x, 2, "float32").values).toBe(x);
  expect(check(x, 2, "float64").values).not.toBe(x);
  expect(check([x], 2, "float32").values).not.toBe(x);
});

test("any matrix keeps its values, rounded to float32 for a float32 network", () => {
  const matrix = fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 8 }))
    .chain(([width, count]) => {
      const value = fc.double({ min: -1e30, max: 1e30, noNaN: true });
      const row = fc.array(value, { minLength: width, maxLength: width });
      return fc.tuple(fc.constant(width), fc.array(row, { minLength: count, maxLength: count }));
    });
  fc.assert(
    fc.property(matrix, ([width, rows]) => {
      expect(Array.from(check(rows, width).values)).toEqual(rows.flat());
      expect(check(rows, width, "float32").values).toEqual(Float32Array.from(rows.flat()));
    }),
  );
});

test.each([
  [
    "NaN",
    [
      [1, 2],
      [3, Number.NaN],
    ],
    "ERR_BATCHNORM_NON_FINITE",
  ],
  [
    "infinity",
    [
      [1, 2],
      [3, Number.POSITIVE_INFINITY],
    ],
    "ERR_BATCHNORM_NON_FINITE",
  ],
  ["NaN in a flat array", Float32Array.of(1, 2, 3, Number.NaN), "ERR_BATCHNORM_NON_FINITE"],
  [
    "undefined",
    [
      [1, 2],
      [3, undefined],
    ],
    "ERR_BATCHNORM_DTYPE",
  ],
  ["a hole", [[1, 2], new Array(2).fill(3, 0, 1)], "ERR_BATCHNORM_DTYPE"],
  [
    "a text",
    [
      [1, 2],
      [3, "4"],
    ],
    "ERR_BATCHNORM_DTYPE",
  ],
  ["a text in a flat array", [1, 2, 3, "4"], "ERR_BATCHNORM_DTYPE"],
] as const)("%s is refused with sample 1 and field 1", (_, samples, code) => {
  const { message } = expectRefusal(code, () => check(samples));
  expect(message).toMatch(/^sample 1 of inputs .*field 1/);
});

test("what is infinite in float32 only is refused for a float32 network only", () => {
  const samples = [
    [1, 2],
    [3, 1e39],
  ];
  expect(check(samples).count).toBe(2);
  const { message } = expectRefusal("ERR_BATCHNORM_NON_FINITE", () => check(samples, 2, "float32"));
  expect(message).toBe(
    "sample 1 of inputs must have a finite number in float32 in field 1, got 1e+39",
  );
});

test.each([
  ["a shorter row", [[1, 2], [3]], "ERR_BATCHNORM_SHAPE", /^sample 1 of inputs must have 2/],
  [
    "a longer row",
    [
      [1, 2],
      [3, 4, 5],
    ],
    "ERR_BATCHNORM_SHAPE",
    /^sample 1 of inputs must have 2/,
  ],
  ["a row too wide from the start", [[1, 2, 3]], "ERR_BATCHNORM_SHAPE", /^sample 0/],
  ["an object for a row", [[1, 2], { a: 1 }], "ERR_BATCHNORM_DTYPE", /^sample 1 of inputs/],
  ["null for a row", [[1, 2], null], "ERR_BATCHNORM_DTYPE", /^sample 1 of inputs/],
  ["a flat array that does not divide", [1, 2, 3], "ERR_BATCHNORM_SHAPE", /multiple of 2/],
  ["BigInts", BigInt64Array.of(1n, 2n), "ERR_BATCHNORM_DTYPE", /^sample 0 of inputs/],
  ["an empty set", [], "ERR_BATCHNORM_TOO_FEW_VALUES", /^inputs must hold a sample/],
  ["an empty flat array", new Float32Array(), "ERR_BATCHNORM_TOO_FEW_VALUES", /^inputs/],
  ["a number", 5, "ERR_BATCHNORM_DTYPE", /^inputs must be rows/],
  ["nothing", undefined, "ERR_BATCHNORM_DTYPE", /^inputs must be rows/],
  ["a text", "12", "ERR_BATCHNORM_DTYPE", /^inputs must be rows/],
] as const)("%s is refused", (_, samples, code, message) => {
  expect(expectRefusal(code, () => check(samples)).message).toMatch(message);
});

test("inputs and targets must be equally many, and targets are checked like inputs", () => {
  const network = { inputs: 2, outputs: 1, type: "float32" } as const;
  const inputs = [
    [1, 2],
    [3, 4],
  ];
  const { x, t, count } = checkTrainingData({ inputs, targets: [[0], [1]] }, network);
  expect([Array.from(x), Array.from(t), count]).toEqual([[1, 2, 3, 4], [0, 1], 2]);
  expectRefusal("ERR_BATCHNORM_SHAPE", () =>
    checkTrainingData({ inputs, targets: [[0]] }, network),
  );
  const bad = { inputs, targets: [[0], [Number.NaN]] };
  const { message } = expectRefusal("ERR_BATCHNORM_NON_FINITE", () =>
    checkTrainingData(bad, network),
  );
  expect(message).toMatch(/^sample 1 of targets .*field 0/);
});
