// Batch Normalization in ops that every backend has. Tensors are in the shape of the view or, with
// one value per channel, broadcast against it. The tape can differentiate each function.
import { valuesPerChannel } from "@batchnorm/core";
import { div, mul, square, sub, type Tensor } from "@tensorflow/tfjs-core";
import { perChannel, sumPerChannel, type View } from "./view.ts";

/** x without its mean, and what it is made xHat by: `xHat = centered · r`. */
export interface Centered {
  readonly centered: Tensor;
  /** r = 1/√(variance + epsilon). */
  readonly r: Tensor;
}

/** A mean of values, one per channel; 0 of nothing. */
const meanOf = (values: Tensor, view: View): Tensor =>
  perChannel(div(sumPerChannel(values, view), countOf(view)), view);

/** m, or 1 of an empty batch, whose sums are to stay 0. */
const countOf = ({ layout }: View): number => Math.max(valuesPerChannel(layout), 1);

/**
 * Mean and biased variance of every channel, and x without that mean.
 *
 * A float32 mean of values near 1e4 is 1e-3 off. So the mean is taken twice, the second time of
 * what the first left over, and the variance of what both left over.
 *
 * @returns the mean in two parts, whose sum it is.
 */
export function measure(
  x: Tensor,
  view: View,
): { mean: Tensor; meanLow: Tensor; variance: Tensor; centered: Tensor } {
  const mean = meanOf(x, view);
  const rest = sub(x, mean);
  const meanLow = meanOf(rest, view);
  const centered = sub(rest, meanLow);
  return { mean, meanLow, variance: meanOf(square(centered), view), centered };
}

/** `dgamma = Σ dy · xHat`, in the shape of one value per channel. */
export const gammaGradient = (dy: Tensor, { centered, r }: Centered, view: View): Tensor =>
  mul(perChannel(sumPerChannel(mul(dy, centered), view), view), r);

/** `dy − (Σ dy + xHat · dgamma) / m`: what is left of dy once mean and variance follow x. */
export function centerGradient(
  dy: Tensor,
  { centered, r }: Centered,
  dgamma: Tensor,
  dbeta: Tensor,
  view: View,
): Tensor {
  const m = countOf(view);
  return sub(sub(dy, div(dbeta, m)), mul(centered, div(mul(r, dgamma), m)));
}
