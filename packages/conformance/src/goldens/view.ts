import type { Feature } from "../subject.ts";
import type { Fields } from "./fields.ts";
import { type GoldenTensor, permute } from "./tensor.ts";

/** How a subject is shown a golden's tensors: in a shape with one channel axis. */
export interface View {
  readonly shape: readonly number[];
  /** −1 where it is the last. */
  readonly axis: number;
  readonly channels: number;
  /** m, values per channel. */
  readonly count: number;
  readonly requires: readonly Feature[];
  /** A tensor of x's shape as the subject sees it. */
  arrange(tensor: GoldenTensor): Float64Array;
}

/**
 * The view of a tensor of activations. Two forms are turned into one channel axis, exactly: several
 * feature axes are moved to the end and become one; parameters of x's own shape make each value a
 * channel.
 *
 * @param x - Of whose shape the view is.
 * @throws {GoldenError} for an axis or rank that cannot be.
 */
export function viewOf(fields: Fields, x: GoldenTensor, { axis }: { axis?: number } = {}): View {
  const { shape } = x;
  const size = x.data.length;
  if (shape.length < 2) fields.refuse("inputs", "must hold activations of rank 2 or more", shape);
  const sameShape = (tensor: GoldenTensor): Float64Array => {
    if (tensor.shape.join() !== shape.join()) {
      fields.refuse("", `must have tensors of shape ${shape.join("×")}`, tensor.shape.join("×"));
    }
    return tensor.data;
  };
  if (fields.has("param_shape") && fields.choice("param_shape", paramShapes) === "full") {
    if (size === 0) fields.refuse("inputs", "must hold values", size);
    const reshaped = { shape: [1, size], axis: -1, channels: size, count: 1 };
    return { ...reshaped, requires: [], arrange: sameShape };
  }
  const axes = axis === undefined ? axesOf(fields, shape.length) : [axis];
  const channels = axes.reduce((product, at) => product * (shape[at] as number), 1);
  if (channels === 0) fields.refuse("axis", "must have a channel or more", channels);
  const count = size / channels;
  if (axes.length > 1) {
    const order = [...shape.keys()].filter((at) => !axes.includes(at)).concat(axes);
    const arrange = (tensor: GoldenTensor) => permute(sameShape(tensor), shape, order);
    return { shape: [count, channels], axis: -1, channels, count, requires: [], arrange };
  }
  const last = axes[0] === shape.length - 1;
  const requires: Feature[] = [];
  if (!last) requires.push("axis");
  if (shape.length > 2) requires.push("rank");
  const at = last ? -1 : (axes[0] as number);
  return { shape, axis: at, channels, count, requires, arrange: sameShape };
}

const paramShapes = ["full", "per_channel"] as const;

/** The channel axes, counted from the start, ascending. */
function axesOf(fields: Fields, rank: number): number[] {
  const resolve = (axis: unknown): number => {
    if (!Number.isInteger(axis) || (axis as number) < -rank || (axis as number) >= rank) {
      fields.refuse(
        "axis",
        `must be an integer in [${-rank}, ${rank - 1}], or a list of them`,
        axis,
      );
    }
    return (axis as number) < 0 ? (axis as number) + rank : (axis as number);
  };
  const listed = fields.isList("axis") ? fields.list("axis").map(resolve) : null;
  const axes = listed ?? [resolve(fields.integer("axis", -rank, rank - 1))];
  if (new Set(axes).size !== axes.length || axes.length >= rank) {
    fields.refuse("axis", "must hold each axis once, and not all of them", axes.join());
  }
  return axes.sort((a, b) => a - b);
}

/** The channel of the value at an index. */
export function channelIndex({
  shape,
  axis,
  channels,
}: Pick<View, "shape" | "axis" | "channels">): (i: number) => number {
  const inner = axis === -1 ? 1 : shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  return (i) => Math.floor(i / inner) % channels;
}
