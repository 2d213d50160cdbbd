import type { TensorInfo } from "@tensorflow/tfjs-core";
import { graphicsKernels } from "../graphics-kernels.ts";
import type { BackendKernels } from "../kernel.ts";
import { isSupported, type WebGPUBackend } from "./backend.ts";
import { normalizingLaunch, propagatingLaunch } from "./coefficients.ts";
import { dbetaLaunch, dgammaLaunch, gradientSumsLaunch, inferenceDxLaunch } from "./gradient.ts";
import { normalizeLaunch, trainingDxLaunch } from "./normalize.ts";
import type { Launch } from "./program.ts";
import { type Settings, settingsOf } from "./settings.ts";
import {
  meanLaunch,
  meanLowLaunch,
  momentsLaunch,
  sampleLaunch,
  varianceLaunch,
} from "./statistics.ts";
import { averageLaunch, progressLaunch } from "./update.ts";

const functions = graphicsKernels<WebGPUBackend, Settings, Launch>({
  settingsOf,
  programs: {
    sample: sampleLaunch,
    moments: momentsLaunch,
    mean: meanLaunch,
    meanLow: meanLowLaunch,
    variance: varianceLaunch,
    normalizing: normalizingLaunch,
    normalize: normalizeLaunch,
    gradientSums: gradientSumsLaunch,
    dgamma: dgammaLaunch,
    dbeta: dbetaLaunch,
    propagating: propagatingLaunch,
    trainingDx: trainingDxLaunch,
    inferenceDx: inferenceDxLaunch,
    progress: progressLaunch,
    average: averageLaunch,
  },
  read: (_, values) => values,
  run: (backend, { program, uniforms }, inputs) =>
    backend.runWebGPUProgram(program, inputs.map(flat), "float32", uniforms),
});

const flat = ({ dataId, dtype, shape }: TensorInfo): TensorInfo => ({
  dataId,
  dtype,
  shape: [shape.reduce((size, length) => size * length, 1)],
});

/** Batch Normalization as compute programs, for TF.js's backend `webgpu`. */
export const webgpu: BackendKernels = { functions, suits: isSupported };
