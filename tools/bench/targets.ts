/**
 * How fast ours is to be: ours ÷ another subject's time, at most. `first` is the goal for a release,
 * `second` the one after it.
 */
export interface Target {
  readonly suite: string;
  /** Each letter a shape; absent where the target names none. */
  readonly shapes?: readonly string[];
  readonly op: string;
  /** A subject, or `ms` for ours ÷ one millisecond. */
  readonly against: string;
  readonly first?: number;
  readonly second?: number;
}

const suite = "kernels";
const all = ["A", "B", "C", "D", "E", "F"];
const large = ["A", "B"];

/** Ratios of the mini-batch engine, in `targets` below. */
const minibatch = "minibatch";
const shapesOf = (net: string, ...types: readonly string[]): string[] =>
  types.flatMap((type) => [`${net} ${type} bn`, `${net} ${type}`]);

export const targets: readonly Target[] = [
  { suite, shapes: large, op: "forward", against: "limit", first: 1.25, second: 1.1 },
  { suite, shapes: large, op: "inference", against: "limit", first: 1.25, second: 1.1 },
  { suite, shapes: large, op: "backward", against: "limit", first: 1.15, second: 1.1 },

  ...["forward", "inference", "backward"].flatMap((op): Target[] => [
    { suite, shapes: ["C"], op, against: "c-avx2", first: 1.4 },
    { suite, shapes: ["D", "F"], op, against: "c-avx2", first: 1.4, second: 1.1 },
  ]),

  { suite, shapes: all, op: "forward", against: "pytorch", first: 1, second: 1 },
  { suite, shapes: all, op: "inference", against: "pytorch", first: 1.2, second: 1 },
  { suite, shapes: all, op: "backward", against: "pytorch", first: 1.3, second: 1 },

  { suite, op: "forward", against: "onnxruntime", first: 0.5 },
  { suite, op: "inference", against: "onnxruntime", first: 0.4 },

  { suite, op: "forward", against: "tfjs-wasm", first: 1 / 20 },
  { suite, op: "inference", against: "tfjs-wasm", first: 1 / 7 },
  { suite, op: "forward+backward", against: "tfjs-wasm", first: 1 / 70 },

  // 1/0.6: three fifths of what WASM can multiply and add.
  { suite, op: "product-f32", against: "limit", first: 1.67 },

  { suite, shapes: ["E"], op: "first-use", against: "ms", first: 1 },

  ...engine(),
  ...layers(),
  ...synaptic(),
  ...brain(),
];

/** A layer's training step against the stock layer's. */
function layers(): Target[] {
  const step = { op: "step", against: "stock" };
  const images = ["A", "32×28×28×32"];
  return [
    { ...step, suite: "tfjs-cpu", shapes: images, first: 1 / 60, second: 1 / 150 },
    { ...step, suite: "tfjs-cpu", shapes: ["C"], first: 1 / 60 },
    { ...step, suite: "tfjs-wasm", shapes: images, first: 1 / 50, second: 1 / 70 },
    { ...step, suite: "tfjs-wasm", shapes: ["C"], first: 1 / 25 },
    { ...step, suite: "tfjs-webgl", first: 1 / 3, second: 1 / 5 },
    { ...step, suite: "tfjs-webgpu", first: 1 / 10, second: 1 / 40 },
    { suite: "tfjs-wasm", shapes: ["A"], op: "peak-memory", against: "stock", first: 1 / 5 },
    { suite: "tfjs-cpu", op: "inference", against: "stock", first: 1 },
    { suite: "tfjs-wasm", op: "inference", against: "stock", first: 1 },
  ];
}

/** Faster by 3 times is a ratio of 1/3. The hosts' own goals count reading and writing their networks. */
function engine(): Target[] {
  const train = { suite: minibatch, op: "train" };
  const large = "64-100-100-10";
  const tiny = ["2-8-1", "4-16-8-3"];
  const small32 = tiny.flatMap((net) => shapesOf(net, "f32"));
  const small64 = tiny.flatMap((net) => shapesOf(net, "f64"));
  return [
    {
      ...train,
      shapes: shapesOf(large, "f32", "f64"),
      against: "products",
      first: 1.6,
      second: 1.4,
    },
    { ...train, shapes: small32, against: "brain.js", first: 1 / 3, second: 1 / 5 },
    { ...train, shapes: small64, against: "synaptic", first: 1 / 2, second: 1 / 4 },
    { ...train, shapes: [`${large} f32 bn`], against: "brain.js", first: 1 / 15, second: 1 / 20 },
    { ...train, shapes: [`${large} f64 bn`], against: "synaptic", first: 1 / 320, second: 1 / 430 },
    ...["brain.js", "synaptic"].flatMap((against): Target[] => [
      { suite: minibatch, op: "cold-1000", against, first: 1 },
      { suite: minibatch, op: "cold-100", against, second: 1 },
    ]),
  ];
}

/** Against synaptic's own Trainer, optimized; reading and writing its network counts. */
function synaptic(): Target[] {
  const train = { suite: "synaptic", op: "train", against: "stock" };
  return [
    { ...train, shapes: ["64-100-100-10"], first: 1 / 320, second: 1 / 430 },
    { ...train, shapes: ["2-8-1", "4-16-8-3"], first: 1 / 2, second: 1 / 4 },
    { ...train, op: "to-95", first: 1 / 10 },
  ];
}

/** brain.js's own network, its weights read and written, one call of `train` a pass. */
function brain(): Target[] {
  const own = { suite: "brain", against: "stock" };
  return [
    { ...own, shapes: ["64-100-100-10"], op: "train", first: 1 / 15, second: 1 / 20 },
    { ...own, shapes: ["2-8-1", "4-16-8-3"], op: "train", first: 1 / 3, second: 1 / 5 },
    { ...own, op: "to-95", first: 1 / 10 },
  ];
}
