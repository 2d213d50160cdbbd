import { add, customGrad, type GradSaveFunc, keep, type Tensor } from "@tensorflow/tfjs-core";
import type { Gradients, Measured } from "./composed.ts";
import { requireEpsilon } from "./defaults.ts";
import {
  backwardInference,
  backwardTraining,
  forwardInference,
  forwardTraining,
} from "./passes.ts";
import { holdForGradient, recordingTape } from "./tape.ts";
import { present, requireShape, type View, viewOf } from "./view.ts";

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
  normalization: Normalization,
  observe?: (statistics: Statistics) => void,
): Tensor {
  return normalizeMeasuring(x, parameters, normalization, ({ mean, meanLow, variance }) =>
    observe?.({ mean: add(mean, meanLow), variance }),
  );
}

/** {@link normalizeByBatch} for who wants the mean to more than float32. */
export function normalizeMeasuring(
  x: Tensor,
  parameters: Parameters,
  { axis, epsilon }: Normalization,
  observe: (measured: Measured) => void,
): Tensor {
  const view = viewOf(x, axis);
  const plan = { view, epsilon };
  requireEpsilon(epsilon);
  return normalize(x, parameters, view, {
    statistics: [],
    forward(x, parameters) {
      const { y, ...measured } = forwardTraining(x, parameters, plan);
      if (x.size > 0) observe(measured);
      const { mean, meanLow, variance } = measured;
      return { y, measured: [mean, meanLow, variance] };
    },
    backward(dy, x, statistics, gamma) {
      const [mean, meanLow, variance] = statistics as [Tensor, Tensor, Tensor];
      return backwardTraining(dy, x, { mean, meanLow, variance }, gamma, plan);
    },
  });
}

/**
 * Normalizes each channel by fixed statistics:
 * `y = gamma · (x − mean) / √(variance + epsilon) + beta`.
 *
 * @param x - Any rank ≥ 2, any real number type.
 * @returns y, float32, of x's shape; the statistics are constants to its gradients.
 * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_AXIS`, `ERR_BATCHNORM_DTYPE`;
 * `ERR_BATCHNORM_OPTION` for epsilon; `ERR_BATCHNORM_STATE` for a negative variance where the backend's
 * numbers are at hand, which is y = NaN elsewhere.
 */
export function normalizeByStatistics(
  x: Tensor,
  parameters: Parameters,
  { axis, epsilon }: Normalization,
  { mean, variance }: Statistics,
): Tensor {
  const view = viewOf(x, axis);
  const plan = { view, epsilon };
  requireEpsilon(epsilon);
  requirePerChannel({ mean, variance }, view);
  return normalize(x, parameters, view, {
    statistics: [mean, variance],
    forward: (x, parameters) => ({
      y: forwardInference(x, { mean, variance }, parameters, plan),
      measured: [],
    }),
    backward(dy, x, statistics, gamma) {
      const [mean, variance] = statistics as [Tensor, Tensor];
      return backwardInference(dy, x, { mean, variance }, gamma, plan);
    },
  });
}

/** What the two ways of normalizing differ in. */
interface Way {
  /** The statistics that it is given, if any. */
  readonly statistics: Tensor[];
  /** y, and the statistics that it measured, if any: made for the gradient to keep. */
  forward(x: Tensor, parameters: Parameters): { y: Tensor; measured: Tensor[] };
  /** The gradients; `statistics` are those given, then those measured. */
  backward(dy: Tensor, x: Tensor, statistics: Tensor[], gamma: Tensor | null): Gradients;
}

/**
 * One custom gradient around kernels or composed ops: a first gradient then needs none registered for
 * the latter, which someone who imports tfjs-core alone does not have.
 */
function normalize(x: Tensor, { gamma, beta }: Parameters, view: View, way: Way): Tensor {
  requirePerChannel({ gamma, beta }, view);
  const tape = recordingTape();
  const given = [x, ...present(gamma), ...way.statistics];
  let own: Tensor[] = [];
  const operation = customGrad((...args: (Tensor | GradSaveFunc)[]) => {
    const { y, measured } = way.forward(x, { gamma, beta });
    if (tape) own = measured.map((tensor) => keep(tensor));
    else (args.at(-1) as GradSaveFunc)([...given, ...measured]);
    return { value: y, gradFunc };
  });
  const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
    const [input, ...rest] = saved as [Tensor, ...Tensor[]];
    const scale = gamma ? (rest.shift() as Tensor) : null;
    const { dx, dgamma, dbeta } = way.backward(dy, input, rest, scale);
    return [dx, ...present(gamma && dgamma, beta && dbeta)];
  };
  const y = operation(x, ...present(gamma, beta));
  const node = tape?.at(-1);
  if (node) holdForGradient(node, given, own);
  return y;
}

/** @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` for what is not one value per channel. */
function requirePerChannel(tensors: Record<string, Tensor | null>, { layout }: View): void {
  for (const [name, tensor] of Object.entries(tensors)) {
    if (tensor) requireShape(name, tensor, [layout.channels]);
  }
}
