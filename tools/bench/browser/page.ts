/// <reference types="vite/client" />
// Runs in Chromium: times training steps of stock's layer and of ours in turn.
import "@tensorflow/tfjs-backend-webgl";
import "@tensorflow/tfjs-backend-webgpu";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import * as tf from "@tensorflow/tfjs-core";
import { layers } from "@tensorflow/tfjs-layers";

/** The package exports no kernels: they are its own affair. */
const kernelsOf = import.meta.glob<{
  kernels: tf.KernelConfig[];
  isSupported(backend: object): boolean;
}>("../../../packages/tfjs/src/kernels/web*/index.ts", { eager: true });

const momentum = 0.99;
const epsilon = 1e-3;

export interface Request {
  readonly backend: "webgl" | "webgpu";
  readonly shape: number[];
  readonly rounds: number;
}

/** The times of each subject's steps, in milliseconds. */
export type Times = Record<"ours" | "stock", number[]>;

/** Forward and backward once; gives dx. */
type Step = (x: tf.Tensor, dy: tf.Tensor) => tf.Tensor;

/** One step is not enough for shaders to be compiled: some programs come with the second. */
const warmUp = 2;

async function measure({ backend, shape, rounds }: Request): Promise<Times> {
  if (!(await tf.setBackend(backend))) throw new Error(`this Chromium has no ${backend}`);
  await tf.ready();
  const channels = shape.at(-1) as number;
  const [x, dy] = [1, 2].map((seed) => tf.randomNormal(shape, 0.5, 1.3, "float32", seed));
  const subjects: [keyof Times, Step][] = [
    ["stock", stock(shape)],
    ["ours", ours(backend, channels)],
  ];
  const times: Times = { ours: [], stock: [] };
  for (let round = -warmUp; round < rounds; round++) {
    for (const [name, step] of subjects) {
      const start = performance.now();
      const last = tf.tidy(() => {
        const dx = step(x as tf.Tensor, dy as tf.Tensor);
        return tf.slice(
          dx,
          shape.map(() => 0),
          shape.map(() => 1),
        );
      });
      // The device works behind JavaScript's back until a value is asked for.
      await last.data();
      if (round >= 0) times[name].push(performance.now() - start);
      last.dispose();
    }
    subjects.reverse();
  }
  return times;
}

const gradientsOf = (
  op: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: tf.Tensor[],
  dy: tf.Tensor,
) => tf.grads(op)(inputs, dy)[0] as tf.Tensor;

function stock(shape: number[]): Step {
  const layer = layers.batchNormalization({ momentum, epsilon });
  layer.build([null, ...shape.slice(1)]);
  const [gamma, beta] = layer.trainableWeights.map((weight) => weight.read()) as [
    tf.Tensor,
    tf.Tensor,
  ];
  const op = (x: tf.Tensor) => layer.apply(x, { training: true }) as tf.Tensor;
  return (x, dy) => gradientsOf(op, [x, gamma, beta], dy);
}

/** Both kernels, and Keras's update of the running statistics. */
function ours(backend: "webgl" | "webgpu", channels: number): Step {
  const path = `../../../packages/tfjs/src/kernels/${backend}/index.ts`;
  const { kernels, isSupported } = kernelsOf[path] ?? { kernels: [], isSupported: () => false };
  if (!isSupported(tf.engine().backend))
    throw new Error(`our kernels do not run on this ${backend}`);
  for (const kernel of kernels) tf.registerKernel(kernel);
  const [gamma, beta] = [tf.variable(tf.ones([channels])), tf.variable(tf.zeros([channels]))];
  const running = [tf.variable(tf.zeros([channels])), tf.variable(tf.ones([channels]))] as const;
  const update = (old: tf.Variable, batch: tf.Tensor) =>
    old.assign(tf.add(old, tf.mul(tf.sub(batch, old), 1 - momentum)));
  const run = (name: string, inputs: tf.NamedTensorMap) => {
    const size = (inputs.x as tf.Tensor).size;
    const attributes = { outer: size / channels, channels, inner: 1, epsilon };
    return tf.engine().runKernel<tf.Tensor[]>(name, inputs, attributes);
  };
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [x, gamma, beta] = args as [tf.Tensor, tf.Tensor, tf.Tensor];
    const save = args.at(-1) as tf.GradSaveFunc;
    const results = run("BatchNormTraining", { x, gamma, beta });
    const [value, mean, meanLow, variance] = results as [tf.Tensor, ...tf.Tensor[]];
    save([x, gamma, mean, meanLow, variance] as tf.Tensor[]);
    update(running[0], tf.add(mean as tf.Tensor, meanLow as tf.Tensor));
    update(running[1], variance as tf.Tensor);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [x, gamma, mean, meanLow, variance] = saved as [tf.Tensor, ...tf.Tensor[]];
      const inputs = { dy, x, gamma, mean, meanLow, variance } as tf.NamedTensorMap;
      return run("BatchNormTrainingGrad", inputs);
    };
    return { value, gradFunc };
  });
  return (x, dy) => gradientsOf(op as never, [x, gamma, beta], dy);
}

Object.assign(globalThis, { measure });
