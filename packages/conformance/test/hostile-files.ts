const numbers = (shape: unknown, data: unknown, dtype: unknown = "float32") => ({
  shape,
  dtype,
  data,
});

/** A golden that is in order, but for what a test changes. */
const golden = (changes: Record<string, unknown> = {}, inputs: Record<string, unknown> = {}) => ({
  id: "x:infer",
  source: "none",
  op: "infer",
  axis: -1,
  epsilon: 1e-5,
  dtype: "float32",
  tolerance: { rtol: 1e-4, atol: 1e-5 },
  inputs: {
    x: numbers([2, 1], [1, 2]),
    running_mean: numbers([1], [0]),
    running_var: numbers([1], [1]),
    ...inputs,
  },
  expected: { y: numbers([2, 1], [1, 2]) },
  ...changes,
});

const file = (cases: unknown[], changes: Record<string, unknown> = {}): string =>
  JSON.stringify({
    format: "bn-heldout/1",
    source: "none",
    count: cases.length,
    cases,
    ...changes,
  });

const one = (changes: Record<string, unknown>, inputs: Record<string, unknown> = {}): string =>
  file([golden(changes, inputs)]);

const x = (tensor: unknown): string => one({}, { x: tensor });

const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;

/** Texts that must be refused, and what the refusal has to name. */
export const hostileFiles: readonly { name: string; text: string; says: string }[] = [
  { name: "not JSON", text: "{", says: "must be JSON" },
  { name: "nothing", text: "", says: "must be JSON" },
  { name: "too large", text: " ".repeat(2 ** 24 + 1), says: "bytes at most" },
  { name: "a list", text: "[]", says: "must be an object" },
  { name: "null", text: "null", says: "must be an object" },
  { name: "another format", text: file([golden()], { format: "x/9" }), says: "format" },
  { name: "no source", text: file([golden()], { source: undefined }), says: "source" },
  { name: "no case", text: file([]), says: "cases" },
  { name: "another count", text: file([golden()], { count: 1e300 }), says: "count" },
  { name: "an unknown field", text: file([golden()], { more: 1 }), says: '"more"' },
  { name: "a case that is null", text: file([null]), says: "cases[0]" },
  { name: "no id", text: one({ id: undefined }), says: "cases[0].id" },
  { name: "an id with an escape", text: one({ id: "\u001b[2J" }), says: "cases[0].id" },
  { name: "an id of two lines", text: one({ id: "a\nb" }), says: "cases[0].id" },
  { name: "two equal ids", text: file([golden(), golden()]), says: "cases[1].id" },
  { name: "deep nesting", text: nested(100_000), says: "must be an object" },
  {
    name: "deep nesting in a case",
    text: one({ note: "HERE" }).replace('"HERE"', nested(50_000)),
    says: "case x:infer: note",
  },
  {
    name: "__proto__",
    text: one({ note: 1 }).replace('"note":1', '"__proto__":{"polluted":true}'),
    says: '"__proto__"',
  },
  { name: "constructor", text: one({ inputs: { constructor: 1 } }), says: '"constructor"' },
  { name: "a missing field", text: one({ epsilon: undefined }), says: "case x:infer: epsilon" },
  { name: "a misspelt field", text: one({ toleranse: {} }), says: '"toleranse"' },
  { name: "missing inputs", text: one({ inputs: undefined }), says: "case x:infer: inputs" },
  {
    name: "a missing tensor",
    text: one({}, { running_mean: undefined }),
    says: "inputs.running_mean",
  },
  { name: "nothing expected", text: one({ expected: {} }), says: "expected" },
  {
    name: "something nobody judges",
    text: one({ expected: { z: numbers([1], [1]) } }),
    says: "expected.z",
  },
  { name: "data that do not fill the shape", text: x(numbers([2, 1], [1])), says: "inputs.x.data" },
  { name: "a huge shape", text: x(numbers([2 ** 40, 2 ** 40], [])), says: "inputs.x.shape" },
  { name: "a huge shape of nothing", text: x(numbers([2 ** 40, 0], [])), says: "inputs.x.shape" },
  { name: "a fractional shape", text: x(numbers([1.5, 2], [1, 2, 3])), says: "inputs.x.shape" },
  { name: "a negative shape", text: x(numbers([-1, -2], [1, 2])), says: "inputs.x.shape" },
  {
    name: "a rank of 9",
    text: x(numbers([1, 1, 1, 1, 1, 1, 1, 1, 1], [1])),
    says: "inputs.x.shape",
  },
  { name: "text for a number", text: x(numbers([2, 1], [1, "2"])), says: "inputs.x.data[1]" },
  { name: "null for a number", text: x(numbers([2, 1], [1, null])), says: "inputs.x.data[1]" },
  {
    name: "a number beyond all",
    text: x(numbers([2, 1], [1, 7])).replace("[1,7]", "[1,1e999]"),
    says: "inputs.x.data[1]",
  },
  { name: "an unknown type", text: x(numbers([2, 1], [1, 2], "int8")), says: "inputs.x.dtype" },
  {
    name: "another type than the case's",
    text: x(numbers([2, 1], [1, 2], "float64")),
    says: "x.dtype",
  },
  {
    name: "truth for numbers",
    text: x(numbers([2, 1], [true, false], "bool")),
    says: "inputs.x.dtype",
  },
  {
    name: "a tensor with more in it",
    text: x({ ...numbers([2, 1], [1, 2]), toString: 1 }),
    says: "inputs.x",
  },
  { name: "an axis beyond the rank", text: one({ axis: 2 }), says: "axis" },
  { name: "an axis that is text", text: one({ axis: "1" }), says: "axis" },
  { name: "a negative epsilon", text: one({ epsilon: -1 }), says: "epsilon" },
  {
    name: "a negative variance",
    text: one({}, { running_var: numbers([1], [-1]) }),
    says: "running_var",
  },
  {
    name: "a mean that is NaN",
    text: one({}, { running_mean: numbers([1], ["NaN"]) }),
    says: "running_mean",
  },
  {
    name: "gamma of another length",
    text: one({}, { gamma: numbers([2], [1, 1]) }),
    says: "inputs.gamma",
  },
  {
    name: "a tolerance that allows all",
    text: one({ tolerance: { rtol: 1e9, atol: 0 } }),
    says: "tolerance.rtol",
  },
  {
    name: "a negative tolerance",
    text: one({ tolerance: { rtol: -1, atol: 0 } }),
    says: "tolerance.rtol",
  },
];
