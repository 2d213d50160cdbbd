import type { KernelConfig, NamedAttrMap, TensorInfo } from "@tensorflow/tfjs-core";
import type { WebGPUBackend } from "./backend.ts";
import {
  coefficientsLaunch,
  dbetaLaunch,
  dgammaLaunch,
  gradientSumsLaunch,
  inferenceDxLaunch,
  trainingDxLaunch,
} from "./gradient.ts";
import { normalizeLaunch } from "./normalize.ts";
import type { Layout } from "./program.ts";
import { Run } from "./run.ts";
import { momentsLaunch, sampleLaunch, statisticLaunch } from "./statistics.ts";

export { isSupported } from "./backend.ts";

/** What a kernel is given: x viewed as `[outer, channels, inner]`, and epsilon. */
type Attributes = Layout & { readonly epsilon: number };

interface Inputs {
  readonly x: TensorInfo;
  readonly dy: TensorInfo;
  readonly mean: TensorInfo;
  readonly meanLow: TensorInfo;
  readonly variance: TensorInfo;
  readonly gamma?: TensorInfo | null;
  readonly beta?: TensorInfo | null;
}

/** `{x, gamma?, beta?}` → `[y, mean, meanLow, variance]`. */
function training(run: Run, inputs: Inputs): TensorInfo[] {
  const { settings } = run;
  const { x } = inputs;
  const { gamma, beta } = optional(inputs);
  const sample = run.keep(run.launch(sampleLaunch(settings), [x]));
  const sums = run.keep(run.launch(momentsLaunch(settings), [x, sample]));
  const [mean, meanLow, variance] = (["mean", "meanLow", "variance"] as const).map((result) =>
    run.launch(statisticLaunch(settings, result), [x, sample, sums]),
  ) as [TensorInfo, TensorInfo, TensorInfo];
  const launch = normalizeLaunch(settings, { gamma: !!gamma, beta: !!beta, meanLow: true });
  const y = run.launch(launch, [x, mean, variance, meanLow, gamma, beta], x.shape);
  return [y, mean, meanLow, variance];
}

/** `{x, mean, variance, gamma?, beta?}` → `[y]`. */
function inference(run: Run, inputs: Inputs): TensorInfo[] {
  const { x, mean, variance } = inputs;
  const { gamma, beta } = optional(inputs);
  const given = { gamma: !!gamma, beta: !!beta, meanLow: false };
  const launch = normalizeLaunch(run.settings, given);
  return [run.launch(launch, [x, mean, variance, gamma, beta], x.shape)];
}

/** `{dy, x, mean, meanLow, variance, gamma?}` → `[dx, dgamma, dbeta]`; without meanLow, by constants. */
function gradient(run: Run, inputs: Inputs, byBatch: boolean): TensorInfo[] {
  const { settings } = run;
  const { dy, x, mean, variance } = inputs;
  const { gamma } = optional(inputs);
  const meanLow = byBatch ? inputs.meanLow : undefined;
  const given = { gamma: !!gamma, meanLow: byBatch };
  const sums = run.keep(run.launch(gradientSumsLaunch(settings, given), [dy, x, mean, meanLow]));
  const dgamma = run.launch(dgammaLaunch(settings), [sums, variance]);
  const dbeta = run.launch(dbetaLaunch(settings), [sums]);
  if (!byBatch) {
    const dx = run.launch(inferenceDxLaunch(settings, given), [dy, variance, gamma], x.shape);
    return [dx, dgamma, dbeta];
  }
  const coefficients = run.keep(
    run.launch(coefficientsLaunch(settings, given), [
      ...[mean, meanLow, variance, dgamma, dbeta, gamma],
    ]),
  );
  const dx = run.launch(trainingDxLaunch(settings), [dy, x, coefficients], x.shape);
  return [dx, dgamma, dbeta];
}

const optional = ({ gamma, beta }: Inputs) => ({
  gamma: gamma ?? undefined,
  beta: beta ?? undefined,
});

/** What a kernel gives for an x without values: nothing, and zeros for each channel. */
function ofNothing(
  backend: WebGPUBackend,
  shape: number[],
  channels: number,
  results: number,
): TensorInfo[] {
  const zeros = () => backend.makeTensorInfo([channels], "float32", new Float32Array(channels));
  const empty = backend.makeTensorInfo(shape, "float32", new Float32Array(0));
  return [empty, ...Array.from({ length: results - 1 }, zeros)];
}

function config(
  kernelName: string,
  results: number,
  compute: (run: Run, inputs: Inputs) => TensorInfo[],
): KernelConfig {
  return {
    kernelName,
    backendName: "webgpu",
    kernelFunc({ inputs, backend, attrs }) {
      const given = inputs as unknown as Inputs;
      const attributes = attrs as NamedAttrMap & Attributes;
      const gpu = backend as WebGPUBackend;
      const { shape } = given.x;
      if (shape.includes(0)) return ofNothing(gpu, shape, attributes.channels, results);
      const run = new Run(gpu, attributes);
      try {
        return compute(run, given);
      } finally {
        run.dispose();
      }
    },
  };
}

/** Batch Normalization as compute programs, for TF.js's backend `webgpu`. */
export const kernels: KernelConfig[] = [
  config("BatchNormTraining", 4, training),
  config("BatchNormTrainingGrad", 3, (run, inputs) => gradient(run, inputs, true)),
  config("BatchNormInference", 1, inference),
  config("BatchNormInferenceGrad", 3, (run, inputs) => gradient(run, inputs, false)),
];
