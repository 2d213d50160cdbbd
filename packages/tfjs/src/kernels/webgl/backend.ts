import { env, type TensorInfo } from "@tensorflow/tfjs-core";
import type { GraphicsBackend } from "../graphics.ts";
import type { Program } from "./program.ts";

/** What we use of TF.js's WebGL backend, which exports no type for it without being imported. */
export interface WebGLBackend extends GraphicsBackend {
  runWebGLProgram(
    program: Program,
    inputs: TensorInfo[],
    dtype: "float32",
    uniforms?: number[][],
    preventEagerUnpacking?: boolean,
  ): TensorInfo;
  packTensor(info: TensorInfo): TensorInfo;
  readonly texData: { get(dataId: object): { texture?: unknown; isPacked?: boolean } };
}

const methods = ["runWebGLProgram", "makeTensorInfo", "disposeData", "packTensor"] as const;

/**
 * Whether the kernels can run on a backend: it has the methods they call, WebGL 2 with its integers
 * and `texelFetch`, and 32-bit textures, since float16 ones hold no statistics worth having.
 */
export function isSupported(backend: object): backend is WebGLBackend {
  const candidate = backend as Partial<WebGLBackend>;
  if (!methods.every((name) => typeof candidate[name] === "function")) return false;
  if (typeof candidate.texData?.get !== "function") return false;
  return env().getNumber("WEBGL_VERSION") >= 2 && env().getBool("WEBGL_RENDER_FLOAT32_ENABLED");
}
