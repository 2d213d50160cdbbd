// Batch Normalization in ops that every backend has. Tensors are in the shape of the view or, with
// one value per channel, broadcast against it. The tape can differentiate each function.
import { valuesPerChannel } from "@batchnorm/core";
import { add, div, mul, square, sub, type Tensor } from "@tensorflow/tfjs-core";
import { perChannel, sumPerChannel, type View } from "./view.ts";

/** What turns x into xHat: `xHat = ((x − mean) − meanLow) · r`. */
export interface Standardization {
  readonly mean: Tensor;
  /** What the rounding of `mean` left out. */
  readonly meanLow: Tensor;
  /** r = 1/√(variance + epsilon). */
  readonly r: Tensor;
}

/**
 * Mean and biased variance of every channel.
 *
 * A float32 mean of values near 1e4 is 1e-3 off. So the mean is taken twice, the second time of
 * what the first left over, and the variance of what both left over.
 */
export function measure(
  x: Tensor,
  view: View,
): { mean: Tensor; meanLow: Tensor; variance: Tensor } {
  const m = valuesPerChannel(view.layout);
  const meanOf = (values: Tensor): Tensor => perChannel(div(sumPerChannel(values, view), m), view);
  const high = meanOf(x);
  const rest = sub(x, high);
  const low = meanOf(rest);
  return { mean: high, meanLow: low, variance: meanOf(square(sub(rest, low))) };
}

/** `xHat = ((x − mean) − meanLow) · r` */
export const standardize = (x: Tensor, { mean, meanLow, r }: Standardization): Tensor =>
  mul(sub(sub(x, mean), meanLow), r);

/** `dbeta = Σ dy`, `dgamma = Σ dy · xHat`; `[channels]` each. */
export const sumGradients = (
  dy: Tensor,
  xHat: Tensor,
  view: View,
): { dgamma: Tensor; dbeta: Tensor } => ({
  dgamma: sumPerChannel(mul(dy, xHat), view),
  dbeta: sumPerChannel(dy, view),
});

/** `dy − (dbeta + xHat · dgamma) / m`: what is left of dy once mean and variance follow x. */
export function centerGradient(
  dy: Tensor,
  xHat: Tensor,
  { dgamma, dbeta }: { dgamma: Tensor; dbeta: Tensor },
  view: View,
): Tensor {
  const shared = add(perChannel(dbeta, view), mul(xHat, perChannel(dgamma, view)));
  return sub(dy, div(shared, valuesPerChannel(view.layout)));
}
