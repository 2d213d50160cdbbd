import type {
  BatchNormOptions,
  BatchNormState,
  ConvolutionWeights,
  FloatArray,
} from "@batchnorm/core";

/** A value now or later: a subject may be synchronous, a GPU, or another process. */
export type Eventually<T> = T | Promise<T>;

/** What a subject may declare; cases that need what it does not declare are reported as skipped. */
export const features = [
  /** Computes in float64; else it is given and judged by float32. */
  "float64",
  /** Channels on any axis, not only the last. */
  "axis",
  /** Ranks from 2 to 6, not only 2. */
  "rank",
  /** `scale: false` and `center: false`. */
  "affine",
  /** `backward`: dx, dgamma, dbeta. */
  "gradient",
  /** `varianceEstimator: "unbiased"`; biased is required. */
  "unbiased",
  /** `start: "first-batch"`; zero-one is required. */
  "first-batch",
  /** `start: "debiased"` */
  "debiased",
  /** `momentum: "cumulative"` */
  "cumulative",
  /** `trackRunningStatistics: false` and `useBatchStatistics`. */
  "batch-statistics",
  /** `trainable: false` */
  "frozen",
  /** `onNonFinite: "throw"` */
  "non-finite-throw",
  /** `onNonFinite: "skip"` */
  "non-finite-skip",
  /** `onNonFinite: "propagate"` */
  "non-finite-propagate",
  /** `onSingleValue: "throw"` and `"beta"` */
  "single-value",
  /** Batches of no samples. */
  "empty-batch",
  /** `mask` */
  "mask",
  /** `renorm` */
  "renorm",
  /** `virtualBatchSize` */
  "ghost",
  /** The method `replicas`. */
  "replicas",
  /** The method `fold`. */
  "fold",
  /** The method `foldConvolution`. */
  "fold-convolution",
  /** Training a whole model, for which there is no method yet. */
  "fit",
  /** The method `population`. */
  "population",
  /** The method `secondOrder`. */
  "second-order",
  /** The method `statisticsGradients`. */
  "statistics-gradients",
  /** The method `addRelu`. */
  "relu",
] as const;

export type Feature = (typeof features)[number];

/** How a forward pass is asked for. */
export interface ForwardRequest {
  readonly training: boolean;
  /** A 0 or 1 for each of the outer · inner positions. */
  readonly mask?: Uint8Array;
}

export interface Gradients {
  readonly dx: FloatArray;
  /** Null where the layer has no gamma. */
  readonly dgamma: FloatArray | null;
  /** Null where the layer has no beta. */
  readonly dbeta: FloatArray | null;
}

/** One layer of a subject. */
export interface SubjectLayer {
  /** y, of x's length, for x of that shape, row-major. */
  forward(x: FloatArray, shape: readonly number[], request: ForwardRequest): Eventually<FloatArray>;
  /**
   * The gradients of the last forward, with gamma and beta as they are. It changes nothing: a host that
   * must run forward once more for them puts the running statistics back. Only with the feature
   * `gradient`.
   */
  backward?(dy: FloatArray): Eventually<Gradients>;
  /** What the layer holds, in core's format: a copy, of plain arrays, that JSON can carry. */
  state(): Eventually<BatchNormState>;
  /**
   * Takes all of a state over: arrays, counts, epsilon and momentum. Must throw, and change nothing,
   * where it is malformed or does not fit; core's `parseStateFor` checks both.
   */
  load(state: BatchNormState): Eventually<void>;
  /** Frees what the layer holds. */
  dispose?(): Eventually<void>;
}

/** Weights of a dense layer, `[outputs, inputs]` row-major, and one bias per output. */
export interface DenseWeights {
  readonly weights: FloatArray;
  readonly bias: FloatArray;
  readonly inputs: number;
  readonly outputs: number;
}

/** A part of a batch on one of several replicas; row-major, channels last. */
export interface ReplicaPart {
  readonly x: FloatArray;
  readonly dy: FloatArray;
  readonly shape: readonly number[];
}

/** An implementation that is held to the contract. */
export interface Subject {
  readonly name: string;
  readonly supports: readonly Feature[];
  /**
   * Makes a layer.
   *
   * @param options - In core's names and with core's defaults, but that hand-written cases name momentum,
   * epsilon, start and estimator each time; only what the subject supports, besides axis −1, momentum,
   * epsilon, and zero-one, biased running statistics.
   * @param shape - Of the first input, which a host may need to know beforehand.
   */
  create(options: BatchNormOptions, shape: readonly number[]): Eventually<SubjectLayer>;
  /** Folds a layer's state into the dense layer before it (`after: true`: the state comes after). */
  fold?(
    dense: DenseWeights,
    state: BatchNormState,
    where: "after" | "before",
  ): Eventually<DenseWeights>;
  /** Folds a layer's state into a convolution next to it; only weights and bias are looked at. */
  foldConvolution?(
    convolution: ConvolutionWeights,
    state: BatchNormState,
    where: "after" | "before",
  ): Eventually<{ weights: FloatArray; bias: FloatArray }>;
  /** Trains one batch that lies in parts on replicas; dgamma and dbeta are summed over all. */
  replicas?(
    parts: readonly ReplicaPart[],
    parameters: { gamma: FloatArray; beta: FloatArray; epsilon: number },
  ): Eventually<{ y: FloatArray[]; dx: FloatArray[]; dgamma: FloatArray; dbeta: FloatArray }>;
  /** The exact mean and variance of all values of all batches, `[rows, channels]` each. */
  population?(
    batches: readonly FloatArray[],
    channels: number,
    estimator: "biased" | "unbiased" | "algorithm-2",
  ): Eventually<{ mean: FloatArray; variance: FloatArray }>;
  /** The gradients of Σ dx · v with respect to dy, x and gamma; `[rows, channels]`. */
  secondOrder?(
    v: FloatArray,
    dy: FloatArray,
    x: FloatArray,
    shape: readonly number[],
    parameters: { axis: number; gamma: FloatArray; epsilon: number },
  ): Eventually<{ ddy: FloatArray; dx: FloatArray; dgamma: FloatArray }>;
  /** The gradients of inference with respect to the running mean and variance. */
  statisticsGradients?(
    dy: FloatArray,
    x: FloatArray,
    shape: readonly number[],
    parameters: {
      axis: number;
      gamma: FloatArray;
      epsilon: number;
      mean: FloatArray;
      variance: FloatArray;
    },
  ): Eventually<{ dmean: FloatArray; dvariance: FloatArray }>;
  /** max(0, BN(x) + z), trained, and its gradients. */
  addRelu?(
    x: FloatArray,
    z: FloatArray | null,
    dy: FloatArray,
    shape: readonly number[],
    parameters: { axis: number; gamma: FloatArray; beta: FloatArray; epsilon: number },
  ): Eventually<{
    y: FloatArray;
    dx: FloatArray;
    dz: FloatArray;
    dgamma: FloatArray;
    dbeta: FloatArray;
  }>;
}
