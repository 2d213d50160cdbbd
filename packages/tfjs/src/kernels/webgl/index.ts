import type { KernelConfig, NamedAttrMap, TensorInfo } from "@tensorflow/tfjs-core";
import type { WebGLBackend } from "./backend.ts";
import { normalizingProgram, propagatingProgram } from "./coefficients.ts";
import {
  dbetaProgram,
  dgammaProgram,
  gradientSumsProgram,
  inferenceDxProgram,
} from "./gradient.ts";
import { normalizeProgram, trainingDxProgram } from "./normalize.ts";
import { Run } from "./run.ts";
import { momentsProgram, sampleProgram, statisticProgram } from "./statistics.ts";
import type { Layout } from "./texels.ts";

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
  const { texels, settings } = run;
  const x = run.packed(inputs.x);
  const { gamma, beta } = optional(inputs);
  const sample = run.keep(run.launch(sampleProgram(texels, settings.sampleGroups), [x]));
  const sums = run.keep(run.launch(momentsProgram(texels, settings.groups), [x, sample]));
  const [mean, meanLow, variance] = (["mean", "meanLow", "variance"] as const).map((result) =>
    run.launch(statisticProgram(texels, result), [x, sample, sums]),
  ) as [TensorInfo, TensorInfo, TensorInfo];
  const given = { gamma: !!gamma, beta: !!beta, meanLow: true };
  const coefficients = run.keep(
    run.launch(normalizingProgram(texels, given), [mean, variance, meanLow, gamma, beta]),
  );
  const y = run.launchLikeX(normalizeProgram(texels), [x, coefficients]);
  return [y, mean, meanLow, variance];
}

/** `{x, mean, variance, gamma?, beta?}` → `[y]`. */
function inference(run: Run, inputs: Inputs): TensorInfo[] {
  const { mean, variance } = inputs;
  const { gamma, beta } = optional(inputs);
  const given = { gamma: !!gamma, beta: !!beta, meanLow: false };
  const coefficients = run.keep(
    run.launch(normalizingProgram(run.texels, given), [mean, variance, gamma, beta]),
  );
  return [run.launchLikeX(normalizeProgram(run.texels), [run.packed(inputs.x), coefficients])];
}

/** `{dy, x, mean, meanLow, variance, gamma?}` → `[dx, dgamma, dbeta]`; without meanLow, by constants. */
function gradient(run: Run, inputs: Inputs, byBatch: boolean): TensorInfo[] {
  const { texels, settings } = run;
  const { mean, variance } = inputs;
  const { gamma } = optional(inputs);
  const meanLow = byBatch ? inputs.meanLow : undefined;
  const given = { gamma: !!gamma, meanLow: byBatch };
  const [dy, x] = [run.packed(inputs.dy), run.packed(inputs.x)];
  const sums = run.keep(
    run.launch(gradientSumsProgram(texels, settings.groups, given), [dy, x, mean, meanLow]),
  );
  const dgamma = run.launch(dgammaProgram(texels), [sums, variance]);
  const dbeta = run.launch(dbetaProgram(texels), [sums]);
  if (!byBatch) {
    const dx = run.launchLikeX(inferenceDxProgram(texels, given), [dy, variance, gamma]);
    return [dx, dgamma, dbeta];
  }
  const coefficients = run.keep(
    run.launch(propagatingProgram(texels, given), [
      ...[mean, variance, meanLow, gamma, dgamma, dbeta],
    ]),
  );
  const dx = run.launchLikeX(trainingDxProgram(texels), [dy, x, coefficients]);
  return [dx, dgamma, dbeta];
}

const optional = ({ gamma, beta }: Inputs) => ({
  gamma: gamma ?? undefined,
  beta: beta ?? undefined,
});

/** What a kernel gives for an x without values: nothing, and zeros for each channel. */
function ofNothing(
  backend: WebGLBackend,
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
    backendName: "webgl",
    kernelFunc({ inputs, backend, attrs }) {
      const given = inputs as unknown as Inputs;
      const attributes = attrs as NamedAttrMap & Attributes;
      const gl = backend as WebGLBackend;
      const { shape } = given.x;
      if (shape.includes(0)) return ofNothing(gl, shape, attributes.channels, results);
      const run = new Run(gl, shape, attributes);
      try {
        return compute(run, given);
      } finally {
        run.dispose();
      }
    },
  };
}

/** Batch Normalization as fragment programs, for TF.js's backend `webgl`. */
export const kernels: KernelConfig[] = [
  config("BatchNormTraining", 4, training),
  config("BatchNormTrainingGrad", 3, (run, inputs) => gradient(run, inputs, true)),
  config("BatchNormInference", 1, inference),
  config("BatchNormInferenceGrad", 3, (run, inputs) => gradient(run, inputs, false)),
];
