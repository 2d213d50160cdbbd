// Batch Normalization in ops that every backend has. The tape can differentiate each function.
import { valuesPerChannel } from "@batchnorm/core";
import { add, div, mul, rsqrt, square, sub, type Tensor } from "@tensorflow/tfjs-core";
import { perChannel, sumPerChannel, toShape, toView, type View } from "./view.ts";

/** Mean and biased variance of a batch, `[channels]` each; the mean is `mean + meanLow`. */
export interface Measured {
  readonly mean: Tensor;
  readonly meanLow: Tensor;
  readonly variance: Tensor;
}

/** dx in x's shape, the others `[channels]`. */
export interface Gradients {
  readonly dx: Tensor;
  readonly dgamma: Tensor;
  readonly dbeta: Tensor;
}

/** x without its mean, in the shape of the view, and what it is made xHat by: `xHat = centered · r`. */
export interface Centered {
  readonly centered: Tensor;
  /** r = 1/√(variance + epsilon), to be broadcast against the view. */
  readonly r: Tensor;
}

/** A mean of values, one per channel; 0 of nothing. */
const meanOf = (values: Tensor, view: View): Tensor =>
  div(sumPerChannel(values, view), countOf(view));

/** m, or 1 of an empty batch, whose sums are to stay 0. */
const countOf = ({ layout }: View): number => Math.max(valuesPerChannel(layout), 1);

/** How a pass sees its tensor, and what is added to the variance. */
export interface Plan {
  readonly view: View;
  readonly epsilon: number;
}

/**
 * Mean and biased variance of every channel, and x by them.
 *
 * A float32 mean of values near 1e4 is 1e-3 off. So the mean is taken twice, the second time of
 * what the first left over, and the variance of what both left over.
 */
export function measure(x: Tensor, plan: Plan): Measured & Centered {
  const { view } = plan;
  const values = toView(x, view);
  const mean = meanOf(values, view);
  const rest = sub(values, perChannel(mean, view));
  const meanLow = meanOf(rest, view);
  const centered = sub(rest, perChannel(meanLow, view));
  const variance = meanOf(square(centered), view);
  return { mean, meanLow, variance, centered, r: rOf(variance, plan) };
}

/** x as a pass by these statistics has it; a fixed mean has no second part. */
export function center(
  x: Tensor,
  { mean, meanLow, variance }: Omit<Measured, "meanLow"> & { meanLow?: Tensor },
  plan: Plan,
): Centered {
  const { view } = plan;
  const rest = sub(toView(x, view), perChannel(mean, view));
  const centered = meanLow ? sub(rest, perChannel(meanLow, view)) : rest;
  return { centered, r: rOf(variance, plan) };
}

/** 1/√(variance + epsilon). */
const rOf = (variance: Tensor, { view, epsilon }: Plan): Tensor =>
  rsqrt(add(perChannel(variance, view), epsilon));

/** `y = gamma · xHat + beta`, in the given shape. */
export function scaleAndShift(
  { centered, r }: Centered,
  { gamma, beta }: { readonly gamma: Tensor | null; readonly beta: Tensor | null },
  { view }: Plan,
  shape: number[],
): Tensor {
  const scaled = mul(centered, factor(r, gamma, view));
  return toShape(beta ? add(scaled, perChannel(beta, view)) : scaled, shape);
}

/** The gradients of a pass through the batch's own mean and variance, or by fixed ones. */
export function gradients(
  dyInShape: Tensor,
  by: Centered,
  gamma: Tensor | null,
  { view }: Plan,
  through: "batch" | "fixed",
): Gradients {
  const dy = toShape(dyInShape, view.shape);
  const { channels } = view.layout;
  const dbeta = perChannel(sumPerChannel(dy, view), view);
  const products = perChannel(sumPerChannel(mul(dy, by.centered), view), view);
  const dgamma = mul(products, by.r);
  const passed = through === "batch" ? centerGradient(dy, by, dgamma, dbeta, view) : dy;
  const dx = mul(passed, factor(by.r, gamma, view));
  return {
    dx: toShape(dx, dyInShape.shape),
    dgamma: toShape(dgamma, [channels]),
    dbeta: toShape(dbeta, [channels]),
  };
}

/** `dy − (Σ dy + xHat · dgamma) / m`: what is left of dy once mean and variance follow x. */
function centerGradient(
  dy: Tensor,
  { centered, r }: Centered,
  dgamma: Tensor,
  dbeta: Tensor,
  view: View,
): Tensor {
  const m = countOf(view);
  return sub(sub(dy, div(dbeta, m)), mul(centered, div(mul(r, dgamma), m)));
}

const factor = (r: Tensor, gamma: Tensor | null, view: View): Tensor =>
  gamma ? mul(r, perChannel(gamma, view)) : r;
