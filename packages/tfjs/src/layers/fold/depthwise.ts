import { layers } from "@tensorflow/tfjs-layers";
import { axisOf } from "../norm-layers.ts";
import type { StockLayer } from "../stock.ts";
import type { Call, Value } from "./graph.ts";
import { refuseFold } from "./refuse-fold.ts";

/** A layer, and whether it is the one that has k for a kernel and s for a bias. */
interface Part {
  readonly layer: layers.Layer;
  readonly isScale: boolean;
}

/**
 * A depthwise convolution with a kernel of one, which is `y = k · x + s` per channel. What is no image is
 * made one before it, and what it was behind it.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_FOLD` for channels in the middle of other than an image, and
 * where more than one size is unknown.
 */
export function depthwiseOf(call: Call, { name, ...changes }: { readonly name: string }): Part[] {
  const norm = call.layer as StockLayer;
  const { shape } = call.inputs[0] as Value;
  const sizes = shape.slice(1);
  const axis = axisOf(norm, shape.length);
  const last = axis === shape.length - 1;
  const dataFormat = last ? "channelsLast" : "channelsFirst";
  if (!last && axis !== 1) refuse(norm, `its channels are on axis ${axis} of ${shape.length}`);
  const scale = (more: object): Part => ({
    layer: layers.depthwiseConv2d({ name, dataFormat, kernelSize: 1, ...more }),
    isScale: true,
  });
  if (sizes.length === 3) return [scale(changes)];
  if (sizes.filter((size) => size === null).length > 1) {
    refuse(norm, "more than one size of its input is unknown");
  }
  const channels = shape[axis] as number;
  const others = sizes.filter((_, i) => i !== axis - 1);
  const inner = others.reduce<number | null>((all, size) => all && size && all * size, 1);
  const image = last ? [inner, 1, channels] : [channels, inner, 1];
  const reshape = (end: string, targetShape: (number | null)[], more: object): Part => ({
    layer: layers.reshape({ name: `${name}_${end}`, targetShape, ...more }),
    isScale: false,
  });
  return [reshape("image", image, changes), scale({}), reshape("shape", [...sizes], {})];
}

const refuse = (norm: StockLayer, reason: string): never =>
  refuseFold(norm, `made a depthwise convolution: ${reason}; put a permute layer before it`);
