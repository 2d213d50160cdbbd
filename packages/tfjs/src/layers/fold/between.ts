import type { layers } from "@tensorflow/tfjs-layers";
import type { Value } from "./graph.ts";

/** What only training sees: at inference these hand on what they get. */
const handOn = ["Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "AlphaDropout"];

/** Whether a layer does nothing at inference. */
export function handsOn(layer: layers.Layer): boolean {
  const { activation } = layer as { activation?: { getClassName(): string } };
  return layer.getClassName() === "Activation"
    ? activation?.getClassName() === "linear"
    : handOn.includes(layer.getClassName());
}

/** Where the channels are: on an axis, or within the last one, as `[outer, channels, inner]`. */
export interface Place {
  readonly axis: number;
  readonly outer: number;
  readonly inner: number;
}

export const onAxis = (axis: number): Place => ({ axis, outer: 1, inner: 1 });

/** Where the channels of a value are once it is flattened, which needs all its sizes but the batch's. */
export function flattened(layer: layers.Layer, { shape }: Value, { axis }: Place): Place {
  const sizes = shape.slice(1) as number[];
  const { dataFormat } = layer as { dataFormat?: string };
  // Axis 1 comes to the end first.
  const moves = dataFormat === "channelsFirst" ? 1 : 0;
  const moved = [...sizes.slice(moves), ...sizes.slice(0, moves)];
  const at = (axis - 1 - moves + sizes.length) % sizes.length;
  const product = (some: readonly number[]): number => some.reduce((all, size) => all * size, 1);
  return { axis: 1, outer: product(moved.slice(0, at)), inner: product(moved.slice(at + 1)) };
}
