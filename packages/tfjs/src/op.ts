import { refuse } from "@batchnorm/core";
import {
  add,
  customGrad,
  engine,
  type GradSaveFunc,
  mul,
  rsqrt,
  sub,
  type Tensor,
} from "@tensorflow/tfjs-core";
import { type Centered, centerGradient, gammaGradient, measure } from "./composed.ts";
import { requireEpsilon } from "./defaults.ts";
import { perChannel, sumPerChannel, toShape, toView, type View, viewOf } from "./view.ts";

/** The learned parameters, `[channels]` each; null counts as 1 and 0. */
export interface Parameters {
  readonly gamma: Tensor | null;
  readonly beta: Tensor | null;
}

/** Mean and variance of every channel, `[channels]` each. */
export interface Statistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** Where the channels are, and what is added to the variance, in units of x². */
export interface Normalization {
  readonly axis: number;
  readonly epsilon: number;
}

/**
 * Normalizes each channel by its batch: `y = gamma · (x − mean) / √(variance + epsilon) + beta`.
 *
 * @param x - Any rank ≥ 2, any real number type.
 * @param observe - Sees the batch's mean and biased variance once, off the gradient tape; not those of
 * an empty batch. The two tensors are disposed when the op returns: `tf.keep(tf.clone(mean))` stays.
 * @returns y, float32, of x's shape; its gradients, of any order, go through mean and variance.
 * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_AXIS`, `ERR_BATCHNORM_DTYPE`;
 * `ERR_BATCHNORM_OPTION` for epsilon.
 * @see Ioffe & Szegedy 2015, Algorithm 1
 */
export function normalizeByBatch(
  x: Tensor,
  parameters: Parameters,
  { axis, epsilon }: Normalization,
  observe?: (statistics: Statistics) => void,
): Tensor {
  const view = viewOf(x, axis);
  const { channels } = view.layout;
  requireEpsilon(epsilon);
  const center = (values: Tensor, see?: typeof observe): Centered => {
    const { mean, meanLow, variance, centered } = measure(values, view);
    if (see && x.size > 0) {
      const both = [add(mean, meanLow), variance].map((each) => toShape(each, [channels]));
      see({ mean: both[0] as Tensor, variance: both[1] as Tensor });
    }
    return { centered, r: rsqrt(add(variance, epsilon)) };
  };
  return normalize(x, parameters, view, {
    first: (values) => center(values, observe),
    again: (values) => center(values),
    pass: (dy, by, { dgamma, dbeta }) => centerGradient(dy, by, dgamma, dbeta, view),
  });
}

/**
 * Normalizes each channel by fixed statistics:
 * `y = gamma · (x − mean) / √(variance + epsilon) + beta`.
 *
 * @param x - Any rank ≥ 2, any real number type.
 * @returns y, float32, of x's shape; the statistics are constants to its gradients.
 * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_AXIS`, `ERR_BATCHNORM_DTYPE`;
 * `ERR_BATCHNORM_OPTION` for epsilon.
 */
export function normalizeByStatistics(
  x: Tensor,
  parameters: Parameters,
  { axis, epsilon }: Normalization,
  { mean, variance }: Statistics,
): Tensor {
  const view = viewOf(x, axis);
  requireEpsilon(epsilon);
  requirePerChannel({ mean, variance }, view);
  const center = (values: Tensor): Centered => ({
    centered: sub(values, perChannel(mean, view)),
    r: rsqrt(add(perChannel(variance, view), epsilon)),
  });
  return normalize(x, parameters, view, { first: center, again: center, pass: (dy) => dy });
}

/** What the two ways of normalizing differ in. */
interface Way {
  /** Centers x in the forward pass. */
  first(values: Tensor): Centered;
  /** Centers it once more, for a gradient that must see how. */
  again(values: Tensor): Centered;
  /** What of dy reaches x, but for the factor gamma · r. */
  pass(dy: Tensor, by: Centered, sums: { dgamma: Tensor; dbeta: Tensor }): Tensor;
}

/**
 * One custom gradient around composed ops: a first gradient then needs none registered for them,
 * which someone who imports tfjs-core alone does not have.
 */
function normalize(x: Tensor, { gamma, beta }: Parameters, view: View, way: Way): Tensor {
  requirePerChannel({ gamma, beta }, view);
  const factor = (r: Tensor, gamma: Tensor | null | undefined): Tensor =>
    gamma ? mul(r, perChannel(gamma, view)) : r;
  const operation = customGrad((...args: (Tensor | GradSaveFunc)[]) => {
    const save = args.at(-1) as GradSaveFunc;
    const { centered, r } = way.first(toView(x, view));
    save(gamma ? [x, centered, r, gamma] : [x, centered, r]);
    const scaled = mul(centered, factor(r, gamma));
    const y = beta ? add(scaled, perChannel(beta, view)) : scaled;
    return { value: toShape(y, x.shape), gradFunc };
  });
  const gradFunc = (dyInShape: Tensor, saved: Tensor[]): Tensor[] => {
    const [input, centered, r, scale] = saved as [Tensor, Tensor, Tensor, Tensor?];
    // To a gradient of this gradient what was saved is constant, though it is made of x.
    const by = isRecording() ? way.again(toView(input, view)) : { centered, r };
    const dy = toShape(dyInShape, view.shape);
    const dgamma = gammaGradient(dy, by, view);
    const dbeta = perChannel(sumPerChannel(dy, view), view);
    const dx = mul(way.pass(dy, by, { dgamma, dbeta }), factor(by.r, scale));
    const learned = [...(gamma ? [dgamma] : []), ...(beta ? [dbeta] : [])];
    return [toShape(dx, x.shape), ...learned.map((each) => toShape(each, [view.layout.channels]))];
  };
  return operation(x, ...(gamma ? [gamma] : []), ...(beta ? [beta] : []));
}

/** Whether a tape records right now, as it does in a gradient of a gradient; yes if none can tell. */
export function isRecording(): boolean {
  return (engine().state?.gradientDepth ?? 1) > 0;
}

/** @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` for what is not one value per channel. */
function requirePerChannel(tensors: Record<string, Tensor | null>, { layout }: View): void {
  const { channels } = layout;
  for (const [name, tensor] of Object.entries(tensors)) {
    if (tensor && !(tensor.rank === 1 && tensor.size === channels)) {
      refuse("ERR_BATCHNORM_SHAPE", `${name} must have the shape [${channels}]`, tensor.shape);
    }
  }
}
