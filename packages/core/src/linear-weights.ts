import { type FloatArray, requireFloats } from "./arrays.ts";
import { refuse } from "./errors.ts";
import { type Layout, layoutOf, resolveAxis, sizeOf } from "./layout.ts";

/** A dense layer: `output[o] = Σ W[o, i] · input[i] + bias[o]`. */
export interface DenseWeights {
  readonly kind: "dense";
  /** Row-major. */
  readonly weights: FloatArray;
  /** `[outputs, inputs]` (PyTorch, brain.js) or `[inputs, outputs]` (TF.js, Keras). */
  readonly shape: readonly number[];
  /** 0 or 1; negative counts from the end. The inputs are on the other axis. */
  readonly outputAxis: number;
  /** One value per output; null when there is none. */
  readonly bias: FloatArray | null;
}

/**
 * A convolution of any number of dimensions: which two axes of the weights hold channels; the
 * others are the kernel's, in any order.
 *
 * | layer | kind | shape | outputAxis | inputAxis |
 * |---|---|---|---|---|
 * | PyTorch Conv, ONNX | conv | `[out, in / groups, …kernel]` | 0 | 1 |
 * | TF.js, Keras Conv | conv | `[…kernel, in / groups, out]` | −1 | −2 |
 * | TF.js, Keras DepthwiseConv | depthwise | `[…kernel, in, multiplier]` | −1 | −2 |
 * | PyTorch ConvTranspose, ONNX | transposed | `[in, out / groups, …kernel]` | 1 | 0 |
 * | TF.js, Keras ConvTranspose | transposed | `[…kernel, out, in]` | −2 | −1 |
 * | dense after a flattened `[H, W, C]` | conv | `[H · W, C, out]` | 2 | 1 |
 *
 * PyTorch's depthwise convolution is a `conv` with as many groups as inputs.
 */
export interface ConvolutionWeights {
  readonly kind: "conv" | "depthwise" | "transposed";
  /** Row-major. */
  readonly weights: FloatArray;
  readonly shape: readonly number[];
  /** Where the outputs are: of one group when transposed, of one input (the multiplier) when depthwise. */
  readonly outputAxis: number;
  /** Where the inputs are: of one group for a `conv`, otherwise all. */
  readonly inputAxis: number;
  /** Default 1, and one per input for a depthwise convolution, which can have no other number. */
  readonly groups?: number | undefined;
  /**
   * `"some"` when zeros are put around the input. Reflected, repeated or wrapped values are the
   * input's own, and count as `"none"`. Only `foldBefore` asks, and takes absent for `"some"`; a
   * transposed convolution is refused there either way.
   */
  readonly padding?: "none" | "some" | undefined;
  /** One value per output; null when there is none. */
  readonly bias: FloatArray | null;
}

/** A layer that Batch Normalization can be folded into. */
export type LinearWeights = DenseWeights | ConvolutionWeights;

const kinds: readonly string[] = [
  "dense",
  "conv",
  "depthwise",
  "transposed",
] satisfies readonly LinearWeights["kind"][];

/** Which channels each weight connects. */
export interface Wiring {
  readonly inputs: number;
  readonly outputs: number;
  /** The output channel of the weight at an offset. */
  readonly outputOf: (at: number) => number;
  /** The input channel of the weight at an offset. */
  readonly inputOf: (at: number) => number;
}

/**
 * Checks a description, and reads which channels its weights connect. With a = the index on
 * `outputAxis` and b = the one on `inputAxis`:
 *
 * - dense and conv: `o = a`, `i = g · (in / groups) + b`, g being a's group;
 * - transposed: `i = b`, `o = g · (out / groups) + a`, g being b's group;
 * - depthwise: `i = b`, `o = i · multiplier + a`, a group for each input.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for an unknown kind or padding;
 * `ERR_BATCHNORM_AXIS`; `ERR_BATCHNORM_SHAPE` for shape, groups and lengths; `ERR_BATCHNORM_DTYPE`.
 */
export function wiringOf(layer: LinearWeights): Wiring {
  const { kind, weights, bias } = layer;
  const [out, into] = channelLayouts(layer);
  requireFloats("weights", weights, sizeOf(out));
  const a = (at: number): number => Math.floor(at / out.inner) % out.channels;
  const b = (at: number): number => Math.floor(at / into.inner) % into.channels;
  let wiring: Wiring;
  if (kind === "dense" || kind === "conv") {
    const groups = groupsOf(layer, "outputs", out.channels);
    const outputsOfGroup = out.channels / groups;
    const inputOf = (at: number): number =>
      Math.floor(a(at) / outputsOfGroup) * into.channels + b(at);
    wiring = { inputs: into.channels * groups, outputs: out.channels, outputOf: a, inputOf };
  } else {
    const groups = groupsOf(layer, "inputs", into.channels);
    const inputsOfGroup = into.channels / groups;
    const outputOf = (at: number): number =>
      Math.floor(b(at) / inputsOfGroup) * out.channels + a(at);
    wiring = { inputs: into.channels, outputs: out.channels * groups, outputOf, inputOf: b };
  }
  if (bias) requireFloats("bias", bias, wiring.outputs);
  return wiring;
}

/** The weights viewed around the axis of the outputs, and around that of the inputs. */
function channelLayouts(layer: LinearWeights): [Layout, Layout] {
  const { kind, shape, outputAxis } = layer;
  if (!kinds.includes(kind)) {
    refuse("ERR_BATCHNORM_OPTION", `kind must be one of ${kinds.join(", ")}`, kind);
  }
  const ranked = Array.isArray(shape) && (kind === "dense" ? shape.length === 2 : shape.length > 1);
  if (!ranked) {
    const rank = kind === "dense" ? "2" : "2 or more";
    refuse("ERR_BATCHNORM_SHAPE", `shape of ${kind} weights must have rank ${rank}`, shape);
  }
  const at = resolveAxis(outputAxis, shape.length, "outputAxis");
  if (kind === "dense") return [layoutOf(shape, at), layoutOf(shape, 1 - at)];
  if (layer.padding !== undefined && layer.padding !== "none" && layer.padding !== "some") {
    refuse("ERR_BATCHNORM_OPTION", "padding must be none or some", layer.padding);
  }
  const from = resolveAxis(layer.inputAxis, shape.length, "inputAxis");
  if (from === at) {
    refuse("ERR_BATCHNORM_AXIS", "inputAxis must be another axis than outputAxis", from);
  }
  return [layoutOf(shape, at), layoutOf(shape, from)];
}

/** Into how many groups the channels, all on one axis, are divided. */
function groupsOf(layer: LinearWeights, what: "inputs" | "outputs", channels: number): number {
  if (layer.kind === "dense") return 1;
  const { kind, groups = kind === "depthwise" ? channels : 1 } = layer;
  if (!Number.isSafeInteger(groups) || groups < 1 || channels % groups !== 0) {
    refuse("ERR_BATCHNORM_SHAPE", `groups must divide the ${channels} ${what}`, groups);
  }
  if (kind === "depthwise" && groups !== channels) {
    const rule = `groups of a depthwise convolution must be its inputs, ${channels}`;
    refuse("ERR_BATCHNORM_SHAPE", rule, groups);
  }
  return groups;
}
