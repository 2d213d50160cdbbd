// One training step, or one prediction, through a layer of tfjs-layers: ours or the stock one.
import { layoutOf } from "@batchnorm/core";
import { batchNormalization, init } from "@batchnorm/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import { layers } from "@tensorflow/tfjs-layers";
import type { Prepare, Prepared } from "../clock.ts";
import { activations, gradient, parametersOf } from "../sample-data.ts";

const makers = {
  ours: batchNormalization,
  stock: layers.batchNormalization,
};

export type LayerSubject = keyof typeof makers;

/** Starts a backend; says what it is. */
export async function start(subject: LayerSubject, backend: string): Promise<string> {
  if (!(await tf.setBackend(backend))) throw new Error(`the backend ${backend} does not start`);
  await tf.ready();
  const does = subject === "ours" ? `, ${await init()}` : "";
  return `${subject} on ${backend}${does}, TensorFlow.js ${tf.version_core}`;
}

/** The ops of one layer on the current backend. */
export const layerOps =
  (subject: LayerSubject): Prepare =>
  ({ op, dims, axis }) => {
    const { channels } = layoutOf(dims, axis);
    const { epsilon, gamma, beta, mean, variance } = parametersOf({ channels });
    const layer = makers[subject]({ axis, epsilon });
    const [x, dy] = [activations, gradient].map((values) =>
      tf.tensor(values(dims.reduce((a, b) => a * b, 1)), [...dims]),
    ) as [tf.Tensor, tf.Tensor];
    // A first use builds the layer, and lets it be disposed.
    tf.tidy(() => void layer.apply(tf.zeros([1, ...dims.slice(1)])));
    tf.tidy(() => layer.setWeights([gamma, beta, mean, variance].map((each) => tf.tensor1d(each))));
    const weights = layer.trainableWeights.map((weight) => weight.read());
    /** dx, dgamma and dbeta; the running statistics move. */
    const step = (): tf.Tensor[] =>
      tf.grads((x: tf.Tensor) => layer.apply(x, { training: true }) as tf.Tensor)(
        [x, ...weights],
        dy,
      );
    const predict = (): tf.Tensor[] => [layer.apply(x) as tf.Tensor];

    const prepared = prepare(op === "inference" ? predict : step);
    const dispose = (): void => {
      prepared.dispose?.();
      layer.dispose();
      tf.dispose([x, dy]);
    };
    if (op !== "peak-memory") return { ...prepared, dispose };
    return { ...prepared, dispose, measure: async () => ({ ms: await peak(step) }) };
  };

/** The first tensor that a call makes is its result, and is kept till the next. */
function prepare(call: () => tf.Tensor[]): Prepared {
  let last: tf.Tensor | undefined;
  const run = (): void => {
    last?.dispose();
    last = tf.tidy(() => call()[0]);
  };
  const values = async (): Promise<ArrayLike<number>> => (await last?.data()) ?? [];
  const base = { result: values, dispose: () => last?.dispose() };
  if (["cpu", "wasm"].includes(tf.getBackend())) return { ...base, run };
  return {
    ...base,
    // A graphics card has done a step when the last of its results can be read.
    async run() {
      run();
      const one = tf.tidy(() => tf.slice(tf.reshape(last as tf.Tensor, [-1]), 0, 1));
      await one.data();
      one.dispose();
    },
  };
}

interface Heap {
  _malloc(bytes: number): number;
  _free(pointer: number): void;
}

/** The most that a call has allocated on the wasm backend's heap at once, in 10⁶ bytes. */
async function peak(call: () => tf.Tensor[]): Promise<number> {
  const { wasm } = tf.backend() as unknown as { wasm: Heap };
  const { _malloc, _free } = wasm;
  const sizes = new Map<number, number>();
  let [now, most] = [0, 0];
  wasm._malloc = (bytes) => {
    const pointer = _malloc(bytes);
    sizes.set(pointer, bytes);
    now += bytes;
    most = Math.max(most, now);
    return pointer;
  };
  wasm._free = (pointer) => {
    now -= sizes.get(pointer) ?? 0;
    sizes.delete(pointer);
    _free(pointer);
  };
  try {
    tf.dispose(tf.tidy(call));
  } finally {
    Object.assign(wasm, { _malloc, _free });
  }
  return most / 1e6;
}
