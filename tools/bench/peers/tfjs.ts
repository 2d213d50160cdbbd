// TensorFlow.js on the backend named on the command line: wasm, on one thread, or cpu.
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import "@tensorflow/tfjs-backend-cpu";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
// tfjs-core alone knows no gradient of any operation under Node: the layers bring them.
import "@tensorflow/tfjs-layers";
import type { Request } from "../protocol.ts";
import { activations, epsilon, gradient, parametersOf } from "../sample-data.ts";
import { type Prepared, serve } from "../worker.ts";

const [backend = "wasm"] = process.argv.slice(2);
setWasmPaths(`${dirname(fileURLToPath(import.meta.resolve("@tensorflow/tfjs-backend-wasm")))}/`);
setThreadsCount(1);
await tf.setBackend(backend);
await serve(`TensorFlow.js ${tf.version_core}, ${tf.getBackend()}, 1 thread`, prepare);

function prepare({ op, dims, axis, channels }: Request): Prepared | string {
  if (axis !== dims.length - 1) return "normalizes channels-last only";
  if (op === "backward") return "has no backward apart from its forward";
  const parameters = parametersOf({ channels });
  const length = dims.reduce((a, b) => a * b);
  const x = tf.tensor(activations(length), [...dims]);
  const dy = tf.tensor(gradient(length), [...dims]);
  const [gamma, beta, mean, variance] = (["gamma", "beta", "mean", "variance"] as const).map(
    (name) => tf.tensor1d(parameters[name]),
  ) as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
  const axes = dims.map((_, i) => i).slice(0, -1);

  const forward = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor): tf.Tensor => {
    const batch = tf.moments(x, axes);
    return tf.batchNorm(
      x,
      batch.mean as tf.Tensor1D,
      batch.variance as tf.Tensor1D,
      beta as tf.Tensor1D,
      gamma as tf.Tensor1D,
      epsilon,
    );
  };
  const gradients = tf.grads(forward as (...tensors: tf.Tensor[]) => tf.Tensor);
  const ops: Record<string, () => tf.Tensor> = {
    forward: () => forward(x, gamma, beta),
    inference: () => tf.batchNorm(x, mean, variance, beta, gamma, epsilon),
    "forward+backward": () => gradients([x, gamma, beta], dy)[0] as tf.Tensor,
  };
  const compute = ops[op];
  if (!compute) return `has no op ${op}`;
  let last: tf.Tensor | undefined;
  return {
    run() {
      last?.dispose();
      last = tf.tidy(compute);
    },
    result: () => last?.dataSync() ?? [],
    dispose() {
      tf.dispose([x, dy, gamma, beta, mean, variance, ...(last ? [last] : [])]);
    },
  };
}
