import { graphicsKernels } from "../graphics-kernels.ts";
import type { BackendKernels } from "../kernel.ts";
import { isSupported, type WebGLBackend } from "./backend.ts";
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

const functions = graphicsKernels<WebGLBackend, Settings, Launch>({
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
  /** Packed, once and for all programs. */
  read(backend, { dataId, dtype }, { shape }) {
    const info = { dataId, dtype, shape: [...shape] };
    const { texture, isPacked } = backend.texData.get(dataId);
    return texture && !isPacked ? backend.packTensor(info) : info;
  },
  run: (backend, { program, uniforms }, inputs) =>
    backend.runWebGLProgram(program, inputs, "float32", uniforms, true),
});

/** Batch Normalization as fragment programs, for TF.js's backend `webgl`. */
export const webgl: BackendKernels = { functions, suits: isSupported };
