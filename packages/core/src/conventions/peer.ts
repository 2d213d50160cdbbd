import type { FloatArray } from "../arrays.ts";
import { refuse } from "../errors.ts";
import { type PeerPreset, presets } from "./presets.ts";

/** One value per channel. What comes back is always a plain array. */
export type Values = readonly number[] | FloatArray;

/** How each peer holds a layer's arrays, under its own names; null or absent where it has none. */
export interface PeerWeights<V = Values> {
  pytorch: {
    weight?: V | null;
    bias?: V | null;
    running_mean?: V | null;
    running_var?: V | null;
    num_batches_tracked?: number | ArrayLike<number | bigint> | null;
  };
  /** TF.js layers too. */
  keras: { gamma?: V | null; beta?: V | null; moving_mean: V; moving_variance: V };
  tfFused: { scale: V; offset: V; mean: V; variance: V };
  flax: {
    params?: { scale?: V | null; bias?: V | null } | null;
    batch_stats: { mean: V; var: V };
  };
  onnx: { scale: V; B: V; input_mean: V; input_var: V };
  /** The blobs of each layer: mean · s, variance · s, s; and gamma, beta. */
  caffe: { BatchNorm: readonly [V, V, V | number]; Scale?: readonly (V | null)[] | null };
  darknet: { biases: V; scales: V; rolling_mean: V; rolling_variance: V };
}

/** What a peer's layer is made with, under its own names and meanings. */
export interface PeerSettings {
  /** `momentum` weighs the batch; null is the cumulative average. */
  pytorch: {
    eps?: number;
    momentum?: number | null;
    affine?: boolean;
    track_running_stats?: boolean;
  };
  keras: { epsilon?: number; momentum?: number; scale?: boolean; center?: boolean };
  /** `exponential_avg_factor` weighs the batch. */
  tfFused: { epsilon?: number; exponential_avg_factor?: number };
  flax: { epsilon?: number; momentum?: number; use_scale?: boolean; use_bias?: boolean };
  onnx: { epsilon?: number; momentum?: number };
  caffe: { eps?: number; moving_average_fraction?: number };
  /** Compiled in. */
  darknet: Record<string, never>;
}

export type Peer = keyof PeerWeights;

/** The arrays of a layer, whatever they are called. */
export type Role = "gamma" | "beta" | "mean" | "variance";

/** What a peer calls things, and what it cannot do without. */
export interface Convention {
  /** Where each array is; `a.b` is b within a, which is a list where b is a number. */
  readonly names: Readonly<Record<Role, string>>;
  /** Where the one number beside the arrays is: a count of batches, or Caffe's s. */
  readonly scalar?: string;
  readonly epsilon?: string;
  readonly momentum?: string;
  /** Whether the peer's momentum weighs the batch, and not the old value. */
  readonly weighsBatch?: boolean;
  /** The momentum that stands for a cumulative average, where the peer has one. */
  readonly cumulative?: null | 1;
  /** Arrays that the peer can be without. */
  readonly optional: readonly Role[];
  /** Which of gamma and beta must be there when the other is. */
  readonly together?: readonly Role[];
  /** Settings that say whether any of those arrays is there. */
  readonly flags?: Readonly<Record<string, readonly Role[]>>;
}

const conventions: Readonly<Record<Peer, Convention>> = {
  pytorch: {
    names: { gamma: "weight", beta: "bias", mean: "running_mean", variance: "running_var" },
    scalar: "num_batches_tracked",
    epsilon: "eps",
    momentum: "momentum",
    weighsBatch: true,
    cumulative: null,
    optional: ["gamma", "beta", "mean", "variance"],
    together: ["gamma", "beta"],
    flags: { affine: ["gamma", "beta"], track_running_stats: ["mean", "variance"] },
  },
  keras: {
    names: { gamma: "gamma", beta: "beta", mean: "moving_mean", variance: "moving_variance" },
    epsilon: "epsilon",
    momentum: "momentum",
    optional: ["gamma", "beta"],
    flags: { scale: ["gamma"], center: ["beta"] },
  },
  tfFused: {
    names: { gamma: "scale", beta: "offset", mean: "mean", variance: "variance" },
    epsilon: "epsilon",
    momentum: "exponential_avg_factor",
    weighsBatch: true,
    optional: [],
  },
  flax: {
    names: {
      gamma: "params.scale",
      beta: "params.bias",
      mean: "batch_stats.mean",
      variance: "batch_stats.var",
    },
    epsilon: "epsilon",
    momentum: "momentum",
    optional: ["gamma", "beta"],
    flags: { use_scale: ["gamma"], use_bias: ["beta"] },
  },
  onnx: {
    names: { gamma: "scale", beta: "B", mean: "input_mean", variance: "input_var" },
    epsilon: "epsilon",
    momentum: "momentum",
    optional: [],
  },
  caffe: {
    names: { mean: "BatchNorm.0", variance: "BatchNorm.1", gamma: "Scale.0", beta: "Scale.1" },
    scalar: "BatchNorm.2",
    epsilon: "eps",
    momentum: "moving_average_fraction",
    // At λ = 1 every batch enters with weight 1 and s counts them.
    cumulative: 1,
    optional: ["gamma", "beta"],
    together: ["gamma"],
  },
  darknet: {
    names: {
      beta: "biases",
      gamma: "scales",
      mean: "rolling_mean",
      variance: "rolling_variance",
    },
    optional: [],
  },
};

/** @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for a peer that there is not. */
export function conventionOf(peer: Peer): Convention {
  if (!Object.hasOwn(conventions, peer)) {
    const known = Object.keys(conventions).join(", ");
    refuse("ERR_BATCHNORM_OPTION", `a peer must be one of ${known}`, peer);
  }
  return conventions[peer];
}

/** How the peer tracks, under our names. */
export const presetOf = (peer: Peer): PeerPreset => presets[peer];
