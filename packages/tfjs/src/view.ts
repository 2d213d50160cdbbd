import { type Layout, layoutOf, refuse } from "@batchnorm/core";
import { cast, reshape, sum, type Tensor, zeros } from "@tensorflow/tfjs-core";

/** A tensor of any rank as every backend can handle it: `[outer, channels]`, or with `inner` behind. */
export interface View {
  readonly layout: Layout;
  readonly shape: number[];
  /** The same with its rows in groups, so that a sum in two stages adds few terms at a time. */
  readonly grouped: number[];
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
  if (inner !== 1) {
    const shape = [outer, channels, inner];
    return { layout, shape, grouped: shape, channelShape: [channels, 1] };
  }
  const rows = groupSize(outer);
  const grouped = [outer / rows, rows, channels];
  return { layout, shape: [outer, channels], grouped, channelShape: [channels] };
}

/** The largest divisor up to the root. */
function groupSize(rows: number): number {
  let size = Math.floor(Math.sqrt(rows));
  while (size > 1 && rows % size !== 0) size--;
  return Math.max(size, 1);
}

/** x as float32, in the shape of its view. */
export const toView = (x: Tensor, view: View): Tensor => reshape(cast(x, "float32"), view.shape);

/** One value per channel, to be broadcast against the view. */
export const perChannel = (values: Tensor, view: View): Tensor =>
  reshape(values, view.channelShape);

/**
 * The sum of every channel, `[channels]`. Some backends add float32 numbers one by one, and lose a
 * digit for every hundred of them: summing groups first keeps the terms at the root of their number.
 */
export function sumPerChannel(values: Tensor, { layout, grouped }: View): Tensor {
  // The wasm backend gives whatever its memory held as the sum of nothing.
  if (layout.outer * layout.inner === 0) return zeros([layout.channels]);
  const within = layout.inner === 1 ? 1 : 2;
  return sum(sum(reshape(values, grouped), within), 0);
}
