import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { GraphicsBackend } from "../graphics.ts";
import type { Program, Uniform } from "./program.ts";

/** What we use of TF.js's WebGPU backend, which exports no type for it without being imported. */
export interface WebGPUBackend extends GraphicsBackend {
  runWebGPUProgram(
    program: Program,
    inputs: TensorInfo[],
    dtype: "float32",
    uniforms: Uniform[],
  ): TensorInfo;
}

const methods = ["runWebGPUProgram", "makeTensorInfo", "disposeData"] as const;

/** Whether the kernels can run on a backend: it has the methods they call. */
export function isSupported(backend: object): backend is WebGPUBackend {
  const candidate = backend as Partial<WebGPUBackend>;
  return methods.every((name) => typeof candidate[name] === "function");
}
