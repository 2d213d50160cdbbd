import type { LinearWeights } from "@batchnorm/core";
import type { LayerVariable, layers } from "@tensorflow/tfjs-layers";

/** A layer of tfjs-layers that is a linear map, an activation behind it excepted. */
export interface LinearLayer extends layers.Layer {
  readonly kernel?: LayerVariable;
  readonly depthwiseKernel?: LayerVariable;
  readonly pointwiseKernel?: LayerVariable;
  readonly bias?: LayerVariable | null;
  readonly activation: { getClassName(): string } | null;
  readonly dataFormat?: string;
  readonly padding?: string;
  readonly kernelSize?: readonly number[];
}

/** Its kernels, in the order in which data pass them. */
const kernels: Record<string, readonly LinearWeights["kind"][]> = {
  Dense: ["dense"],
  Conv1D: ["conv"],
  Conv2D: ["conv"],
  Conv3D: ["conv"],
  Conv2DTranspose: ["transposed"],
  Conv3DTranspose: ["transposed"],
  DepthwiseConv2D: ["depthwise"],
  SeparableConv2D: ["depthwise", "conv"],
};

/** What a kernel is made of: its own shape and numbers. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export const isLinear = (layer: layers.Layer): layer is LinearLayer =>
  Object.hasOwn(kernels, layer.getClassName());

/** What follows the linear map, or null. */
export function activationOf({ activation }: LinearLayer): string | null {
  const name = activation?.getClassName() ?? "linear";
  return name === "linear" ? null : name;
}

/** Where the channels of its input and of its output are, in a tensor of that rank. */
export const channelAxisOf = ({ dataFormat }: LinearLayer, rank: number): number =>
  dataFormat === "channelsFirst" ? 1 : rank - 1;

/**
 * Whether not every output sums over the whole kernel, since zeros are put around the input, or since
 * the convolution is transposed. A kernel of one is never padded.
 */
export function isPartial(layer: LinearLayer): boolean {
  if (kernels[layer.getClassName()]?.includes("transposed")) return true;
  const { padding = "valid", kernelSize = [] } = layer;
  return padding !== "valid" && kernelSize.some((size) => size !== 1);
}

/**
 * What TensorFlow.js 4.22 itself gets wrong with channels first, so that no weights would do: Conv1D
 * leaves its output channels-last, SeparableConv2D adds its bias along another axis.
 */
export const isBroken = (layer: LinearLayer): boolean =>
  layer.dataFormat === "channelsFirst" &&
  ["Conv1D", "SeparableConv2D"].includes(layer.getClassName());

/** The kernels of a layer as core's folding takes them; the bias is the last one's. */
export function stagesOf(
  layer: LinearLayer,
  numbers: readonly Numbers[],
  bias: Float32Array | null,
): LinearWeights[] {
  const padding = isPartial(layer) ? "some" : "none";
  const described = kernels[layer.getClassName()] ?? [];
  return described.map((kind, i): LinearWeights => {
    const { shape, values } = numbers[i] as Numbers;
    const last = i === described.length - 1;
    // A transposed kernel has its channels the other way round.
    const [inputAxis, outputAxis] = kind === "transposed" ? [-1, -2] : [-2, -1];
    const held = { weights: values, shape, outputAxis, bias: last ? bias : null };
    if (kind === "dense") return { kind, ...held };
    // Only the first meets the layer's input, and with it what is put around that.
    return { kind, inputAxis, padding: i === 0 ? padding : "none", ...held };
  });
}
