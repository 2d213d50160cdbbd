import {
  add,
  customGrad,
  engine,
  type GradSaveFunc,
  mul,
  reshape,
  rsqrt,
  type Tensor,
  zerosLike,
} from "@tensorflow/tfjs-core";
import {
  centerGradient,
  measure,
  type Standardization,
  standardize,
  sumGradients,
} from "./composed.ts";
import { perChannel, toView, type View, viewOf } from "./view.ts";

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
 * @param observe - Sees the batch's mean and biased variance once, off the gradient tape.
 * @returns y, float32, of x's shape; its gradients, of any order, go through mean and variance.
 * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_AXIS`, `ERR_BATCHNORM_DTYPE`.
 * @see Ioffe & Szegedy 2015, Algorithm 1
 */
export function normalizeByBatch(
  x: Tensor,
  parameters: Parameters,
  { axis, epsilon }: Normalization,
  observe?: (statistics: Statistics) => void,
): Tensor {
  const view = viewOf(x, axis);
  const byBatch = (values: Tensor, see?: typeof observe): Standardization => {
    const { mean, meanLow, variance } = measure(values, view);
    const { channels } = view.layout;
    see?.({
      mean: reshape(add(mean, meanLow), [channels]),
      variance: reshape(variance, [channels]),
    });
    return { mean, meanLow, r: rsqrt(add(variance, epsilon)) };
  };
  return normalize(x, parameters, view, {
    standardization: (values) => byBatch(values, observe),
    // To a gradient of this gradient mean and r depend on x, and must be seen to be made of it.
    again: (values, saved) => (isRecording() ? byBatch(values) : saved),
    pass: (dy, xHat, sums) => centerGradient(dy, xHat, sums, view),
  });
}

/**
 * Normalizes each channel by fixed statistics:
 * `y = gamma · (x − mean) / √(variance + epsilon) + beta`.
 *
 * @param x - Any rank ≥ 2, any real number type.
 * @returns y, float32, of x's shape; the statistics are constants to its gradients.
 * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_AXIS`, `ERR_BATCHNORM_DTYPE`.
 */
export function normalizeByStatistics(
  x: Tensor,
  parameters: Parameters,
  { axis, epsilon }: Normalization,
  statistics: Statistics,
): Tensor {
  const view = viewOf(x, axis);
  return normalize(x, parameters, view, {
    standardization() {
      const mean = perChannel(statistics.mean, view);
      const r = rsqrt(add(perChannel(statistics.variance, view), epsilon));
      return { mean, meanLow: zerosLike(mean), r };
    },
    again: (_, saved) => saved,
    pass: (dy) => dy,
  });
}

/** What the two ways of normalizing differ in. */
interface Way {
  /** How the forward pass standardizes. */
  standardization(values: Tensor): Standardization;
  /** How the backward pass does. */
  again(values: Tensor, saved: Standardization): Standardization;
  /** What of dy reaches x, but for the factor gamma · r. */
  pass(dy: Tensor, xHat: Tensor, sums: { dgamma: Tensor; dbeta: Tensor }): Tensor;
}

/**
 * One custom gradient around composed ops: a first gradient then needs none registered for them,
 * which someone who imports tfjs-core alone does not have.
 */
function normalize(x: Tensor, { gamma, beta }: Parameters, view: View, way: Way): Tensor {
  const operation = customGrad((...args: (Tensor | GradSaveFunc)[]) => {
    const save = args.at(-1) as GradSaveFunc;
    const values = toView(x, view);
    const standardization = way.standardization(values);
    const { mean, meanLow, r } = standardization;
    save(gamma ? [x, mean, meanLow, r, gamma] : [x, mean, meanLow, r]);
    const scaled = scale(standardize(values, standardization), gamma, view);
    const y = beta ? add(scaled, perChannel(beta, view)) : scaled;
    return { value: reshape(y, x.shape), gradFunc };
  });
  const gradFunc = (dyInShape: Tensor, saved: Tensor[]): Tensor[] => {
    const [input, mean, meanLow, r, factor] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor?];
    const values = toView(input, view);
    const standardization = way.again(values, { mean, meanLow, r });
    const dy = reshape(dyInShape, view.shape);
    const xHat = standardize(values, standardization);
    const sums = sumGradients(dy, xHat, view);
    const passed = mul(way.pass(dy, xHat, sums), standardization.r);
    const dx = reshape(scale(passed, factor, view), x.shape);
    return [dx, ...(gamma ? [sums.dgamma] : []), ...(beta ? [sums.dbeta] : [])];
  };
  return operation(x, ...(gamma ? [gamma] : []), ...(beta ? [beta] : []));
}

const scale = (values: Tensor, gamma: Tensor | null | undefined, view: View): Tensor =>
  gamma ? mul(values, perChannel(gamma, view)) : values;

/** Whether a tape records right now, as it does in a gradient of a gradient. */
function isRecording(): boolean {
  return engine().state.gradientDepth > 0;
}
