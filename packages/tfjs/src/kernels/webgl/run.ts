import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { WebGLBackend } from "./backend.ts";
import { type Program, type Settings, uniformsOf } from "./program.ts";
import { type Layout, type Texels, texelsOf } from "./texels.ts";

/** One texel in eight is in the sample, where there are enough for that. */
const sampleStride = 8;
const fewSteps = 128;

/** The programs of one kernel, run over one x; what they make on the way is disposed at the end. */
export class Run {
  readonly texels: Texels;
  readonly settings: Settings;
  readonly #backend: WebGLBackend;
  readonly #shape: number[];
  readonly #temporary: TensorInfo[] = [];

  constructor(
    backend: WebGLBackend,
    shape: number[],
    { epsilon, ...layout }: Layout & { epsilon: number },
  ) {
    this.#backend = backend;
    this.#shape = shape;
    this.texels = texelsOf(shape, layout);
    const { steps } = this.texels;
    const stride = steps < fewSteps ? 1 : sampleStride;
    this.settings = {
      ...this.texels,
      // So each of two passes, over a group and over the groups, takes as long.
      groups: Math.ceil(Math.sqrt(steps)),
      sampleGroups: Math.ceil(Math.sqrt(steps / stride) / 2),
      sampleStride: stride,
      epsilon,
    };
  }

  /** A tensor of x's shape as the programs read it: packed, once and for all of them. */
  packed(values: TensorInfo): TensorInfo {
    const { dataId, dtype } = values;
    const info = { dataId, dtype, shape: [...this.texels.shape] };
    const { texture, isPacked } = this.#backend.texData.get(dataId);
    if (!texture || isPacked) return info;
    return this.keep(this.#backend.packTensor(info));
  }

  /** Runs a program for a result, of the shape that it has. */
  launch(program: Program, inputs: (TensorInfo | undefined)[]): TensorInfo {
    const given = inputs.filter((input) => input !== undefined);
    const uniforms = uniformsOf(this.settings);
    return this.#backend.runWebGLProgram(program, given, "float32", uniforms, true);
  }

  /** Runs a program for a result of x's shape. */
  launchLikeX(program: Program, inputs: (TensorInfo | undefined)[]): TensorInfo {
    return { ...this.launch(program, inputs), shape: this.#shape };
  }

  /** Marks what is not to outlive this run. */
  keep(info: TensorInfo): TensorInfo {
    this.#temporary.push(info);
    return info;
  }

  dispose(): void {
    for (const info of this.#temporary) this.#backend.disposeIntermediateTensorInfo(info);
  }
}
