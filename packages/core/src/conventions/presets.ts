import type { VarianceEstimator } from "../moments.ts";
import type { BatchNormOptions, Start } from "../options.ts";

/** How another library tracks, whatever it calls it. */
export type PeerPreset = BatchNormOptions &
  Readonly<{
    momentum: number;
    epsilon: number;
    varianceEstimator: VarianceEstimator;
    start: Start;
  }>;

/** Options, by the library that they reproduce. */
export interface Presets {
  /** `torch.nn.BatchNorm1d` to `3d`, whose momentum of 0.1 weighs the batch. */
  readonly pytorch: PeerPreset;
  /** Keras 3's `BatchNormalization` and that of TF.js layers. */
  readonly keras: PeerPreset;
  /**
   * TensorFlow's fused op as Python calls it. Its factor of 1 weighs the batch: without another one
   * it returns the last batch's statistics. The raw op's own epsilon is 1e-4.
   */
  readonly tfFused: PeerPreset;
  /** `flax.linen.BatchNorm` and `flax.nnx.BatchNorm`. */
  readonly flax: PeerPreset;
  /** ONNX's BatchNormalization of opset 14 and 15 in training mode. */
  readonly onnx: PeerPreset;
  /** Caffe's BatchNorm layer; its Scale layer is `scale` and `center` here. */
  readonly caffe: PeerPreset;
  /**
   * As near as options come to darknet on a CPU. Three things differ: darknet normalizes the batch
   * too by the unbiased variance, it adds 1e-6 outside the root (for a deviation of 1 that is off by
   * 1e-6), and its rolling variance starts at 0, so that ours is larger by momentum^updates.
   */
  readonly darknet: PeerPreset;
  /**
   * Algorithm 2 of Ioffe & Szegedy 2015: every batch counts once, with m/(m − 1) times its variance.
   * The paper takes these batches when training is over. It states no epsilon; ours stands in.
   */
  readonly paper: BatchNormOptions;
}

/** What all peers do: a batch that is not finite spoils the running statistics. */
const onNonFinite = "propagate";

/**
 * The options that make a layer train and track as another library's does by default.
 *
 * Where the channels are, how far each batch moves the running statistics and which variance enters,
 * what guards the division, and what happens to NaN and to one value per channel.
 *
 * @example
 * import { BatchNorm } from "@batchnorm/core";
 * import { presets } from "@batchnorm/core/conventions";
 *
 * const layer = new BatchNorm(64, { ...presets.pytorch, name: "bn1" });
 */
export const presets: Presets = /* @__PURE__ */ Object.freeze({
  pytorch: /* @__PURE__ */ Object.freeze({
    axis: 1,
    momentum: 0.9,
    epsilon: 1e-5,
    varianceEstimator: "unbiased",
    start: "zero-one",
    onNonFinite,
    onSingleValue: "throw",
  }),
  keras: /* @__PURE__ */ Object.freeze({
    axis: -1,
    momentum: 0.99,
    epsilon: 1e-3,
    varianceEstimator: "biased",
    start: "zero-one",
    onNonFinite,
    onSingleValue: "beta",
  }),
  tfFused: /* @__PURE__ */ Object.freeze({
    axis: -1,
    momentum: 0,
    epsilon: 1e-3,
    varianceEstimator: "unbiased",
    start: "zero-one",
    onNonFinite,
    onSingleValue: "beta",
  }),
  flax: /* @__PURE__ */ Object.freeze({
    axis: -1,
    momentum: 0.99,
    epsilon: 1e-5,
    varianceEstimator: "biased",
    start: "zero-one",
    onNonFinite,
    onSingleValue: "beta",
  }),
  onnx: /* @__PURE__ */ Object.freeze({
    axis: 1,
    momentum: 0.9,
    epsilon: 1e-5,
    varianceEstimator: "biased",
    start: "zero-one",
    onNonFinite,
    onSingleValue: "beta",
  }),
  caffe: /* @__PURE__ */ Object.freeze({
    axis: 1,
    momentum: 0.999,
    epsilon: 1e-5,
    varianceEstimator: "unbiased",
    start: "debiased",
    onNonFinite,
    onSingleValue: "beta",
  }),
  darknet: /* @__PURE__ */ Object.freeze({
    axis: 1,
    momentum: 0.99,
    epsilon: 1e-12,
    varianceEstimator: "unbiased",
    start: "zero-one",
    onNonFinite,
    onSingleValue: "throw",
  }),
  paper: /* @__PURE__ */ Object.freeze({
    momentum: "cumulative",
    varianceEstimator: "unbiased",
    onSingleValue: "throw",
  }),
});
