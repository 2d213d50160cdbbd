import { type Layout, layoutOf, refuse, valuesPerChannel } from "@batchnorm/core";
import { cast, concat, reshape, slice, sum, type Tensor, util, zeros } from "@tensorflow/tfjs-core";

/** A tensor of any rank as every backend can handle it: `[outer, channels]`, or with `inner` behind. */
export interface View {
  readonly layout: Layout;
  readonly shape: number[];
  /** Broadcasts one value per channel against `shape`. */
  readonly channelShape: number[];
}

/**
 * How to view x around its channel axis.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_AXIS`; `ERR_BATCHNORM_DTYPE` for
 * what is no tensor of real numbers, `ERR_BATCHNORM_DISPOSED` for one that was freed.
 */
export function viewOf(x: Tensor, axis: number): View {
  if (!["float32", "int32", "bool"].includes(x?.dtype)) {
    refuse("ERR_BATCHNORM_DTYPE", "x must be a tensor of real numbers", x?.dtype ?? x);
  }
  requireAlive("x", x);
  const layout = layoutOf(x.shape, axis);
  const { outer, channels, inner } = layout;
  return inner === 1
    ? { layout, shape: [outer, channels], channelShape: [channels] }
    : { layout, shape: [outer, channels, inner], channelShape: [channels, 1] };
}

/** @throws {BatchNormError} `ERR_BATCHNORM_DISPOSED` for a tensor that was freed. */
export function requireAlive(name: string, tensor: Tensor | null): void {
  if (tensor?.isDisposed) {
    refuse("ERR_BATCHNORM_DISPOSED", `${name} must not be disposed of before it is used`, tensor);
  }
}

/** @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` for a tensor of another shape. */
export function requireShape(name: string, { shape }: Tensor, expected: (number | null)[]): void {
  if (!util.arraysEqual(shape, expected as number[])) {
    refuse("ERR_BATCHNORM_SHAPE", `${name} must have the shape [${expected}]`, shape);
  }
}

/** Those of them that there are. */
export const present = (...tensors: (Tensor | null)[]): Tensor[] =>
  tensors.filter((tensor) => tensor !== null);

/** The same values in another shape; TensorFlow.js would launch an op for the same shape too. */
export const toShape = (values: Tensor, shape: number[]): Tensor =>
  util.arraysEqual(values.shape, shape) ? values : reshape(values, shape);

export const toFloat = (x: Tensor): Tensor => (x.dtype === "float32" ? x : cast(x, "float32"));

/** x as float32, in the shape of its view. */
export const toView = (x: Tensor, view: View): Tensor => toShape(toFloat(x), view.shape);

/** One value per channel, to be broadcast against the view. */
export const perChannel = (values: Tensor, view: View): Tensor =>
  toShape(values, view.channelShape);

/** The sum of every channel, `[channels]`. */
export function sumPerChannel(values: Tensor, { layout }: View): Tensor {
  const { outer, channels, inner } = layout;
  // The wasm backend gives whatever its memory held as the sum of nothing.
  if (valuesPerChannel(layout) === 0) return zeros([channels]);
  const rows = inner === 1 ? values : sumMiddle(values, [outer * channels, inner, 1]);
  return reshape(sumMiddle(rows, [1, outer, channels]), [channels]);
}

/** The size of a group: so few float32 numbers lose no more than their last digit, one by one. */
const fewTerms = 32;

/**
 * The sum over the middle of three axes. Some backends add float32 numbers one by one, and lose a
 * digit for every hundred of them: so they are added in groups, and the sums of the groups again.
 */
export function sumMiddle(
  values: Tensor,
  [before, terms, after]: [number, number, number],
): Tensor {
  if (terms < 2 * fewTerms) return sum(reshape(values, [before, terms, after]), 1);
  const groups = Math.floor(terms / fewTerms);
  const grouped = groups * fewTerms;
  const sums = (part: Tensor): Tensor =>
    reshape(sum(reshape(part, [before * groups, fewTerms, after]), 1), [before, groups, after]);
  if (grouped === terms) return sumMiddle(sums(values), [before, groups, after]);
  const all = reshape(values, [before, terms, after]);
  const whole = slice(all, [0, 0, 0], [before, grouped, after]);
  const left = slice(all, [0, grouped, 0], [before, terms - grouped, after]);
  const both = concat([sums(whole), sum(left, 1, true)], 1);
  return sumMiddle(both, [before, groups + 1, after]);
}
