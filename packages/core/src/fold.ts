import { type FloatArray, outputFor, overlap, requireFloats } from "./arrays.ts";
import { refuse } from "./errors.ts";
import { type BatchNormState, parseState } from "./state.ts";

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
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE` for a malformed state; `ERR_BATCHNORM_FOLD` when it has
 * no running statistics, or k or s is not finite, as where variance and epsilon are both 0.
 */
export function channelMap(state: BatchNormState): ChannelMap {
  const { runningMean, runningVariance, gamma, beta, epsilon } = parseState(state);
  if (runningMean === null || runningVariance === null) {
    const rule = `${state.name} must have running statistics to be folded: by the batch it is no linear map`;
    refuse("ERR_BATCHNORM_FOLD", rule, null);
  }
  const k = Float64Array.from(
    runningVariance,
    (v, c) => (gamma?.[c] ?? 1) / Math.sqrt(v + epsilon),
  );
  const s = k.map((value, c) => (beta?.[c] ?? 0) - (runningMean[c] as number) * value);
  const bad = s.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const rule = `${state.name} must have a finite gamma / √(runningVariance + epsilon) in channel ${bad}`;
    refuse("ERR_BATCHNORM_FOLD", rule, k[bad]);
  }
  return { k, s };
}

/**
 * Folds Batch Normalization into the dense layer BEFORE it (dense → BN):
 * `W′[o, i] = W[o, i] · k[o]`, `b′[o] = b[o] · k[o] + s[o]`.
 *
 * @param state - As many channels as the dense layer has outputs.
 * @param given - Where the results go; float64 arrays are made when absent, since float32 ones may
 * lose what a large mean leaves over. May be the layer's own arrays.
 * @throws {BatchNormError} `ERR_BATCHNORM_FOLD`, `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`.
 */
export function foldAfter(dense: Dense, state: BatchNormState, given?: Folded): Folded {
  const out = outputOf(dense, given);
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
 * @param given - As for {@link foldAfter}.
 * @throws {BatchNormError} `ERR_BATCHNORM_FOLD`, `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`.
 */
export function foldBefore(dense: Dense, state: BatchNormState, given?: Folded): Folded {
  const out = outputOf(dense, given);
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

/** Checks the layer, and finds a place for the results before anything is computed. */
function outputOf(dense: Dense, given: Folded | undefined): Folded {
  const { weights, inputs, outputs, bias, outputAxis } = dense;
  if (outputAxis !== 0 && outputAxis !== 1) {
    refuse("ERR_BATCHNORM_AXIS", "outputAxis must be 0 or 1", outputAxis);
  }
  for (const [name, size] of Object.entries({ inputs, outputs })) {
    if (!Number.isSafeInteger(size) || size < 1) {
      refuse("ERR_BATCHNORM_SHAPE", `${name} must be an integer ≥ 1`, size);
    }
  }
  requireFloats("weights", weights, inputs * outputs);
  if (bias) requireFloats("bias", bias, outputs);
  if (!given) {
    return { weights: new Float64Array(weights.length), bias: new Float64Array(outputs) };
  }
  requireFloats("out.bias", given.bias, outputs);
  outputFor("out.weights", given.weights, weights, [weights]);
  if (overlap(given.bias, given.weights) || overlap(given.bias, weights)) {
    refuse("ERR_BATCHNORM_SHAPE", "out.bias must not overlap weights", given.bias);
  }
  return given;
}

function requireChannels({ name, channels }: BatchNormState, size: number, what: string): void {
  if (channels !== size) {
    const rule = `${name} must have as many channels as the dense layer has ${what}, ${size}`;
    refuse("ERR_BATCHNORM_SHAPE", rule, channels);
  }
}
