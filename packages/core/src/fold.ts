import { type FloatArray, requireFloats } from "./arrays.ts";
import { refuse } from "./errors.ts";
import type { BatchNormState } from "./state.ts";

/** A dense layer: `output[o] = Σ weights[o, i] · input[i] + bias[o]`. */
export interface Dense {
  /** Row-major, of the shape that `outputAxis` tells. */
  readonly weights: FloatArray;
  readonly inputs: number;
  readonly outputs: number;
  /** 0 for weights `[outputs, inputs]` (PyTorch, brain.js), 1 for `[inputs, outputs]` (TF.js, Keras). */
  readonly outputAxis: 0 | 1;
  /** One value per output; null when there is none. */
  readonly bias: FloatArray | null;
}

/** Where folded numbers go. */
export interface Folded {
  readonly weights: FloatArray;
  readonly bias: FloatArray;
}

/** Inference as one product and one sum per value: `y = k · x + s`. */
export interface ChannelMap {
  /** k = gamma / √(runningVariance + epsilon). */
  readonly k: Float64Array;
  /** s = beta − runningMean · k. */
  readonly s: Float64Array;
}

/**
 * What a trained layer does at inference, as `y = k · x + s` per channel.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_FOLD` when the state has no running statistics, or a
 * variance and an epsilon that are both 0.
 */
export function channelMap(state: BatchNormState): ChannelMap {
  const { runningMean, runningVariance, gamma, beta, epsilon } = state;
  if (runningMean === null || runningVariance === null) {
    const rule = `${state.name} must have running statistics to be folded: by the batch it is no linear map`;
    refuse("ERR_BATCHNORM_FOLD", rule, null);
  }
  const k = Float64Array.from(
    runningVariance,
    (v, c) => (gamma?.[c] ?? 1) / Math.sqrt(v + epsilon),
  );
  const bad = k.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const rule = `${state.name} must have runningVariance + epsilon > 0 in channel ${bad} to be folded`;
    refuse("ERR_BATCHNORM_FOLD", rule, 0);
  }
  return { k, s: k.map((value, c) => (beta?.[c] ?? 0) - (runningMean[c] as number) * value) };
}

/**
 * Folds Batch Normalization into the dense layer BEFORE it (dense → BN):
 * `W′[o, i] = W[o, i] · k[o]`, `b′[o] = b[o] · k[o] + s[o]`.
 *
 * @param state - As many channels as the dense layer has outputs.
 * @param out - Where the results go; float64 arrays are made when absent, since float32 ones may
 * lose what a large mean leaves over. May be the layer's own arrays.
 * @throws {BatchNormError} `ERR_BATCHNORM_FOLD`, `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`.
 */
export function foldAfter(
  dense: Dense,
  state: BatchNormState,
  out: Folded = emptyFold(dense),
): Folded {
  requireDense(dense, out);
  requireChannels(state, dense.outputs, "outputs");
  const { k, s } = channelMap(state);
  const { inputs, outputs, weights, bias } = dense;
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      const at = indexOf(dense, o, i);
      out.weights[at] = (weights[at] as number) * (k[o] as number);
    }
    out.bias[o] = (bias?.[o] ?? 0) * (k[o] as number) + (s[o] as number);
  }
  return out;
}

/**
 * Folds Batch Normalization into the dense layer AFTER it (BN → dense):
 * `W′[o, i] = W[o, i] · k[i]`, `b′[o] = b[o] + Σ_i W[o, i] · s[i]`.
 *
 * @param state - As many channels as the dense layer has inputs.
 * @param out - As for {@link foldAfter}.
 * @throws {BatchNormError} `ERR_BATCHNORM_FOLD`, `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`.
 */
export function foldBefore(
  dense: Dense,
  state: BatchNormState,
  out: Folded = emptyFold(dense),
): Folded {
  requireDense(dense, out);
  requireChannels(state, dense.inputs, "inputs");
  const { k, s } = channelMap(state);
  const { inputs, outputs, weights, bias } = dense;
  for (let o = 0; o < outputs; o++) {
    let shift = bias?.[o] ?? 0;
    for (let i = 0; i < inputs; i++) {
      const at = indexOf(dense, o, i);
      const weight = weights[at] as number;
      shift += weight * (s[i] as number);
      out.weights[at] = weight * (k[i] as number);
    }
    out.bias[o] = shift;
  }
  return out;
}

const indexOf = ({ outputAxis, inputs, outputs }: Dense, o: number, i: number): number =>
  outputAxis === 0 ? o * inputs + i : i * outputs + o;

const emptyFold = ({ inputs, outputs }: Dense): Folded => ({
  weights: new Float64Array(inputs * outputs),
  bias: new Float64Array(outputs),
});

function requireDense({ weights, inputs, outputs, bias, outputAxis }: Dense, out: Folded): void {
  if (outputAxis !== 0 && outputAxis !== 1) {
    refuse("ERR_BATCHNORM_AXIS", "outputAxis must be 0 or 1", outputAxis);
  }
  requireFloats("weights", weights, inputs * outputs);
  if (bias) requireFloats("bias", bias, outputs);
  requireFloats("out.weights", out.weights, inputs * outputs);
  requireFloats("out.bias", out.bias, outputs);
}

function requireChannels({ name, channels }: BatchNormState, size: number, what: string): void {
  if (channels !== size) {
    const rule = `${name} must have as many channels as the dense layer has ${what}, ${size}`;
    refuse("ERR_BATCHNORM_SHAPE", rule, channels);
  }
}
