import { type Layout, layoutOf, refuse } from "@batchnorm/core";
import { cast, reshape, type Tensor } from "@tensorflow/tfjs-core";

/** A tensor of any rank as every backend can handle it: `[outer, channels]`, or with `inner` behind. */
export interface View {
  readonly layout: Layout;
  readonly shape: number[];
  /** All axes but the channels'. */
  readonly axes: number[];
  /** Broadcasts one value per channel against `shape`. */
  readonly channelShape: number[];
}

/**
 * How to view x around its channel axis.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_AXIS`; `ERR_BATCHNORM_DTYPE` for
 * what is no tensor of real numbers.
 */
export function viewOf(x: Tensor, axis: number): View {
  if (!["float32", "int32", "bool"].includes(x?.dtype)) {
    refuse("ERR_BATCHNORM_DTYPE", "x must be a tensor of real numbers", x?.dtype ?? x);
  }
  const layout = layoutOf(x.shape, axis);
  const { outer, channels, inner } = layout;
  return inner === 1
    ? { layout, shape: [outer, channels], axes: [0], channelShape: [channels] }
    : { layout, shape: [outer, channels, inner], axes: [0, 2], channelShape: [channels, 1] };
}

/** x as float32, in the shape of its view. */
export const toView = (x: Tensor, view: View): Tensor => reshape(cast(x, "float32"), view.shape);

/** One value per channel, to be broadcast against the view. */
export const perChannel = (values: Tensor, view: View): Tensor =>
  reshape(values, view.channelShape);
