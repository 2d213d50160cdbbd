// ONNX Runtime on one thread, with its outputs' memory given to it.
import { env, InferenceSession, Tensor } from "onnxruntime-node";
import type { Request } from "../protocol.ts";
import { activations, epsilon, parametersOf } from "../sample-data.ts";
import { type Prepared, serve } from "../worker.ts";
import { batchNormModel } from "./onnx-model.ts";

await serve(`ONNX Runtime ${env.versions.node}, 1 thread`, prepare);

async function prepare({ op, dims, channels }: Request): Promise<Prepared | string> {
  if (op !== "forward" && op !== "inference") return "has no gradient of Batch Normalization";
  const training = op === "forward";
  const session = await InferenceSession.create(batchNormModel(dims, { training, epsilon }), {
    executionProviders: ["cpu"],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
  });
  const { gamma, beta, mean, variance } = parametersOf({ channels });
  const tensor = (values: Float32Array, shape: readonly number[] = [channels]) =>
    new Tensor("float32", values, shape);
  const X = tensor(activations(dims.reduce((a, b) => a * b)), dims);
  const Y = tensor(new Float32Array(X.size), dims);
  const inputs = { X, scale: tensor(gamma), bias: tensor(beta), mean: tensor(mean) };
  const feeds = { ...inputs, variance: tensor(variance) };
  const running = { runningMean: tensor(mean.slice()), runningVariance: tensor(variance.slice()) };
  const fetches = training ? { Y, ...running } : { Y };
  return {
    run: () => session.run(feeds, fetches),
    result: () => Y.data as Float32Array,
    dispose: () => session.release(),
  };
}
