import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Program } from "./program.ts";

/** A uniform as TF.js's WebGPU backend takes it. */
export interface Uniform {
  readonly type: "int32" | "float32";
  readonly data: number[];
}

/** What we use of TF.js's WebGPU backend, which exports no type for it without being imported. */
export interface WebGPUBackend {
  runWebGPUProgram(
    program: Program,
    inputs: TensorInfo[],
    dtype: "float32",
    uniforms: Uniform[],
  ): TensorInfo;
  makeTensorInfo(shape: number[], dtype: "float32", values?: Float32Array): TensorInfo;
  disposeData(dataId: object): boolean;
}

const methods = ["runWebGPUProgram", "makeTensorInfo", "disposeData"] as const;

/** Whether the kernels can run on a backend: it has the methods they call. */
export function isSupported(backend: object): backend is WebGPUBackend {
  const candidate = backend as Partial<WebGPUBackend>;
  return methods.every((name) => typeof candidate[name] === "function");
}
