import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { WebGPUBackend } from "./backend.ts";
import { type Launch, type Layout, type Settings, uniformsOf } from "./program.ts";

/** One value in eight is in the sample, where there are enough for that. */
const sampleStride = 8;
const fewValues = 128;

/** The programs of one kernel, run over one x; what they make on the way is disposed at the end. */
export class Run {
  readonly settings: Settings;
  readonly #backend: WebGPUBackend;
  readonly #temporary: TensorInfo[] = [];

  constructor(
    backend: WebGPUBackend,
    { outer, channels, inner, epsilon }: Layout & { epsilon: number },
  ) {
    this.#backend = backend;
    const count = outer * inner;
    const stride = count < fewValues ? 1 : sampleStride;
    this.settings = {
      ...{ outer, channels, inner, count, epsilon },
      // So each of two passes, over a group and over the groups, takes as long.
      groups: Math.ceil(Math.sqrt(count)),
      sampleGroups: Math.ceil(Math.sqrt(count / stride) / 2),
      sampleStride: stride,
    };
  }

  /** Runs a program for a result of one dimension, or of the shape that is given. */
  launch(launch: Launch, inputs: (TensorInfo | undefined)[], shape?: number[]): TensorInfo {
    const given = inputs.filter((input) => input !== undefined).map(flat);
    const uniforms = uniformsOf(this.settings, launch);
    const result = this.#backend.runWebGPUProgram(launch.program, given, "float32", uniforms);
    return shape ? { ...result, shape } : result;
  }

  /** Marks what is not to outlive this run. */
  keep(info: TensorInfo): TensorInfo {
    this.#temporary.push(info);
    return info;
  }

  dispose(): void {
    for (const { dataId } of this.#temporary) this.#backend.disposeData(dataId);
  }
}

const flat = ({ dataId, dtype, shape }: TensorInfo): TensorInfo => ({
  dataId,
  dtype,
  shape: [shape.reduce((a, b) => a * b, 1)],
});
