import { expectRefusal } from "@batchnorm/conformance/vitest";
import {
  backwardInference,
  backwardTraining,
  forwardInference,
  forwardTraining,
  layoutOf,
} from "@batchnorm/core";
import {
  BatchNorm,
  implementation,
  init,
  normalizeByBatch,
  normalizeByStatistics,
  useImplementation,
} from "@batchnorm/tfjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { expectClose } from "./close.ts";
import { normals } from "./random.ts";

const train = { training: true };
const epsilon = 1e-3;

/** What a call launches, but for what copies nothing, and the custom gradient around it. */
async function launches(call: () => unknown): Promise<string[]> {
  const { kernels } = await tf.profile(() => void tf.tidy(() => void call()));
  return kernels
    .map(({ name }) => name)
    .filter((name) => !["Identity", "Reshape", "unnamed scope"].includes(name));
}

/** A step of a layer, as an optimizer makes it. */
const stepOf = (layer: BatchNorm, x: tf.Tensor, dy: tf.Tensor) => (): void =>
  tf.tidy(() => {
    const y = (x: tf.Tensor) => layer.apply(x, train);
    tf.grads(y as never)([x, layer.gamma!, layer.beta!], dy);
  });

onEachBackend((backend, wanted) => {
  const kernels = wanted === "kernels";

  test("says what does the passes", async () => {
    expect(implementation()).toBe(wanted);
    expect(await init()).toBe(wanted);
  });

  test("a step launches two kernels and one for the gradient, prediction one; or none of ours", async () => {
    const layer = new BatchNorm(3);
    const [x, dy] = [tf.ones([4, 2, 3]), tf.ones([4, 2, 3])];
    const step = await launches(stepOf(layer, x, dy));
    const prediction = await launches(() => layer.apply(x));
    if (kernels) {
      expect(step).toEqual(["BatchNormTraining", "BatchNormUpdate", "BatchNormTrainingGrad"]);
      expect(prediction).toEqual(["BatchNormInference"]);
    } else {
      expect([...step, ...prediction].filter((name) => name.startsWith("BatchNorm"))).toEqual([]);
    }
    layer.dispose();
    tf.dispose([x, dy]);
  });

  test.each([
    { shape: [8, 16], axis: -1 },
    { shape: [4, 5, 6], axis: 1 },
  ])("nothing is left behind by 1,000 steps on $shape", ({ shape, axis }) => {
    const layer = new BatchNorm(shape.at(axis)!, { axis, start: "debiased" });
    const [x, dy] = [tf.randomNormal(shape), tf.randomNormal(shape)];
    const step = stepOf(layer, x, dy);
    const used = (): object => ({ ...tf.memory(), heap: heapSize() });
    for (let i = 0; i < 10; i++) step();
    const before = used();
    for (let i = 0; i < 1000; i++) {
      step();
      tf.dispose(layer.apply(x));
    }
    expect(used()).toEqual(before);
    layer.dispose();
    tf.dispose([x, dy]);
  });

  /** The bytes of the wasm backend's memory. */
  const heapSize = (): number =>
    backend === "wasm"
      ? (tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8.byteLength
      : 0;

  // Too large for the memory that the wasm backend starts with, once y is there: it moves as x comes.
  test.each([
    [4, 2],
    [2 ** 20, 4],
  ])("the tensors may come from another backend: [%i, %i]", async (rows, channels) => {
    const layer = new BatchNorm(channels);
    const [low, high] = [new Float32Array(channels).fill(-1), new Float32Array(channels).fill(1)];
    await tf.setBackend(backend === "cpu" ? "wasm" : "cpu");
    const x = tf.tidy(() => tf.tile(tf.tensor([...low, ...high], [2, channels]), [rows / 2, 1]));
    await tf.setBackend(backend);
    const y = layer.apply(x, train);
    const ends = tf.tidy(() => tf.concat([tf.slice(y, 0, 2), tf.slice(y, rows - 2, 2)]));
    const all = [...low, ...high, ...low, ...high];
    expectClose(
      ends,
      all.map((value) => value / Math.sqrt(1 + epsilon)),
      1e-6,
    );
    layer.dispose();
    tf.dispose([x, y, ends]);
  });

  test("integers that were cast, and parts of tensors, are normalized like any other", () => {
    tf.tidy(() => {
      const integers = tf.tensor2d(
        [
          [9, 9],
          [1, 2],
          [3, 6],
        ],
        [3, 2],
        "int32",
      );
      const part = tf.slice(tf.cast(integers, "float32"), [1, 0], [2, 2]);
      const none = { gamma: null, beta: null };
      const y = normalizeByBatch(part, none, { axis: -1, epsilon: 1e-9 });
      expectClose(y, [-1, -1, 1, 1], 1e-6);
      const all = normalizeByBatch(tf.cast(integers, "float32"), none, { axis: -1, epsilon: 1e-9 });
      expectClose(tf.sum(all, 0), [0, 0], 1e-5);
    });
  });

  test("a negative variance is refused by name or gives NaN, and nothing is left behind", () => {
    // Data that never became a tensor is not among the memory that TensorFlow.js tells of.
    const used = (): object => ({ ...tf.memory(), data: tf.engine().backend.numDataIds() });
    const before = used();
    tf.tidy(() => {
      const x = tf.ones([2, 2]);
      const statistics = { mean: tf.zeros([2]), variance: tf.tensor1d([1, -1]) };
      const none = { gamma: null, beta: null };
      const call = () => normalizeByStatistics(x, none, { axis: -1, epsilon }, statistics);
      if (kernels) expectRefusal("ERR_BATCHNORM_STATE", call);
      else expect(Array.from(call().dataSync(), Number.isNaN)).toEqual([false, true, false, true]);
    });
    expect(used()).toEqual(before);
  });

  test("updates are counted beyond what a float32 counts to", async () => {
    const layer = new BatchNorm(1, { momentum: "cumulative" });
    const state = { ...(await layer.toState()), updates: 2 ** 24 - 2, weight: 1 };
    layer.loadState(state);
    const x = tf.tensor2d([[1], [3]]);
    for (let i = 0; i < 5; i++) tf.dispose(layer.apply(x, train));
    expect((await layer.toState()).updates).toBe(2 ** 24 + 3);
    layer.dispose();
    x.dispose();
  });

  // Composed ops compute in float32.
  if (!kernels) return;

  test.each(["BatchNormTraining", "BatchNormTrainingGrad", "BatchNormUpdate"])(
    "without %s, composed ops stand in beside the other kernels",
    async (name) => {
      const [whole, part] = [new BatchNorm(3), new BatchNorm(3)];
      const [x, dy] = [
        tf.tensor2d(normals("x", 12), [4, 3]),
        tf.tensor2d(normals("dy", 12), [4, 3]),
      ];
      const gradient = (layer: BatchNorm): tf.Tensor =>
        tf.grad((x) => layer.apply(x, train))(x, dy);
      const expected = gradient(whole);
      const config = tf.getKernel(name, backend);
      tf.unregisterKernel(name, backend);
      try {
        expectClose(gradient(part), expected, 1e-5);
        const [there, here] = [await part.toState(), await whole.toState()];
        expectClose(there.runningVariance!, here.runningVariance!, 1e-6);
        expect(there.updates).toBe(1);
      } finally {
        tf.registerKernel(config);
        for (const layer of [whole, part]) layer.dispose();
      }
    },
  );

  describe("what float32 does not carry is computed in float64:", () => {
    afterEach(() => tf.disposeVariables());
    const shape = [6, 2];
    const layout = layoutOf(shape);
    const scaled = (factor: number, seed = "hard"): Float32Array =>
      normals(seed, 12).map((value) => value * factor);
    const withOne = (value: number, seed = "hard"): Float32Array =>
      scaled(1, seed).fill(value, 3, 4);

    test.each([
      { what: "squares beyond float32", x: scaled(1e25) },
      { what: "squares below float32", x: scaled(1e-25), epsilon: 2 ** -126 },
      { what: "denormal values", x: scaled(1e-40), epsilon: 2 ** -126 },
      { what: "constant channels", x: new Float32Array(12).fill(3e38) },
      { what: "an infinite value", x: withOne(Number.POSITIVE_INFINITY) },
      { what: "NaN", x: withOne(Number.NaN) },
      { what: "sums of dy beyond float32", x: scaled(1), dy: scaled(1e38, "dy") },
      { what: "an infinite dy", x: scaled(1), dy: withOne(Number.POSITIVE_INFINITY, "dy") },
    ])("$what", ({ x, epsilon: given = epsilon, dy = scaled(1, "dy") }) => {
      const gamma = Float32Array.of(0.5, -2);
      const parameters = { gamma, epsilon: given };
      const { y: expected, moments } = forwardTraining(x, layout, parameters);
      const gradients = backwardTraining(dy, x, layout, moments, parameters);
      tf.tidy(() => {
        const normalized = (x: tf.Tensor, gamma: tf.Tensor): tf.Tensor =>
          normalizeByBatch(x, { gamma, beta: null }, { axis: -1, epsilon: given });
        const { value, grads } = tf.valueAndGrads(normalized as never)(
          [tf.tensor(x, shape), tf.tensor1d(gamma)],
          tf.tensor(dy, shape),
        );
        expectSame(value, expected);
        expectSame(grads[0]!, gradients.dx);
        expectSame(grads[1]!, gradients.dgamma);
      });
    });

    test("an r beyond float32, by fixed statistics", () => {
      const [mean, variance] = [new Float32Array(2), Float32Array.of(1e-36, 0)];
      const parameters = { epsilon: 2 ** -126 };
      const [x, dy] = [scaled(1e-18), normals("dy", 12)];
      tf.tidy(() => {
        const statistics = { mean: tf.tensor1d(mean), variance: tf.tensor1d(variance) };
        const normalized = (x: tf.Tensor): tf.Tensor =>
          normalizeByStatistics(
            x,
            { gamma: null, beta: null },
            { axis: -1, ...parameters },
            statistics,
          );
        const y = forwardInference(x, layout, { mean, variance }, parameters);
        expectSame(normalized(tf.tensor(x, shape)), y);
        const dx = tf.grad(normalized)(tf.tensor(x, shape), tf.tensor(dy, shape));
        const expected = backwardInference(dy, x, layout, { mean, variance }, parameters);
        expectSame(dx, expected.dx);
      });
    });
  });
});

/** Equal up to float32's last digits, relative to the largest; infinity and NaN in the same places. */
function expectSame(actual: tf.Tensor, expected: ArrayLike<number>): void {
  const [ours, theirs] = [Array.from(actual.dataSync()), Array.from(expected, Math.fround)];
  const finite = (values: number[]): number[] => values.map((v) => (Number.isFinite(v) ? 0 : v));
  expect(finite(ours)).toEqual(finite(theirs));
  const largest = Math.max(...theirs.filter(Number.isFinite).map(Math.abs), Number.MIN_VALUE);
  const relative = (values: number[]): number[] =>
    values.map((value) => (Number.isFinite(value) ? value / largest : 0));
  expectClose(relative(ours), relative(theirs), 1e-6);
}

test("a backend of another name or without what the kernels need is served by composed ops", async () => {
  const name = "bare";
  const { data, ...rest } = Object.getOwnPropertyDescriptors(tf.engine().findBackend("cpu"));
  tf.copyRegisteredKernels("cpu", name);
  for (const { kernelName } of tf.getKernelsForBackend(name)) {
    if (kernelName.startsWith("BatchNorm")) tf.unregisterKernel(kernelName, name);
  }
  const prototype = Object.getPrototypeOf(tf.engine().findBackend("cpu"));
  tf.registerBackend(name, () => Object.create(prototype, { ...rest, data: data! }));
  await tf.setBackend(name);
  expect(implementation()).toBe("composed");
  expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => useImplementation("kernels"));
  expectRefusal("ERR_BATCHNORM_OPTION", () => useImplementation("fast" as never));
  tf.tidy(() => {
    const y = normalizeByBatch(
      tf.tensor2d([[1], [3]]),
      { gamma: null, beta: null },
      { axis: 1, epsilon: 1e-9 },
    );
    expectClose(y, [-1, 1], 1e-6);
  });
  await tf.setBackend("cpu");
  tf.removeBackend(name);
});
