import { type FloatArray, outputFor, overlap, requireFloats } from "./arrays.ts";
import { refuse } from "./errors.ts";
import { type LinearWeights, wiringOf } from "./linear-weights.ts";
import { type BatchNormState, parseState } from "./state.ts";

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
  return channelMapOf(parseState(state));
}

/** {@link channelMap} of a state that needs no checking. */
export function channelMapOf(state: BatchNormState): ChannelMap {
  const { channels, runningMean, runningVariance, gamma, beta, epsilon } = state;
  if (runningMean === null || runningVariance === null) {
    const rule = `${state.name} must have running statistics to be folded: by the batch it is no linear map`;
    refuse("ERR_BATCHNORM_FOLD", rule, null);
  }
  const [k, s] = [new Float64Array(channels), new Float64Array(channels)];
  for (let c = 0; c < channels; c++) {
    k[c] = (gamma?.[c] ?? 1) / Math.sqrt((runningVariance[c] as number) + epsilon);
    s[c] = (beta?.[c] ?? 0) - (runningMean[c] as number) * (k[c] as number);
  }
  // Of an infinite variance, k is 0.
  const bad = s.findIndex((value, c) => !Number.isFinite(value) || runningVariance[c] === Infinity);
  if (bad >= 0) {
    const rule = `${state.name} must have a finite gamma / √(runningVariance + epsilon) in channel ${bad}`;
    refuse("ERR_BATCHNORM_FOLD", rule, k[bad]);
  }
  return { k, s };
}

/**
 * Folds Batch Normalization into the linear layer BEFORE it (linear → BN):
 * `W′ = W · k[o]`, `b′[o] = b[o] · k[o] + s[o]`. Padding does not matter here.
 *
 * Only the caller can see that nothing else stands between the two, neither an activation nor
 * another consumer of the linear layer's output, and that the normalized axis is the output's
 * channels.
 *
 * @param state - As many channels as the linear layer has outputs.
 * @param given - Where the results go; float64 arrays are made when absent, since float32 ones may
 * lose what a large mean leaves over. May be the layer's own arrays.
 * @throws {BatchNormError} `ERR_BATCHNORM_FOLD` as {@link channelMap}; `ERR_BATCHNORM_SHAPE`,
 * `ERR_BATCHNORM_AXIS`, `ERR_BATCHNORM_DTYPE` or `ERR_BATCHNORM_OPTION` for a description that does
 * not fit; `ERR_BATCHNORM_STATE`. Nothing is written then.
 * @see Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient
 * Integer-Arithmetic-Only Inference", section 3.2; PyTorch's `fuse_conv_bn_weights`
 */
export function foldAfter(layer: LinearWeights, state: BatchNormState, given?: Folded): Folded {
  const { outputs, outputOf } = wiringOf(layer);
  const { k, s } = mapOf(state, outputs, "outputs");
  const out = placeFor(layer, outputs, given);
  const { weights, bias } = layer;
  const shifted = s.map((value, o) => (bias?.[o] ?? 0) * (k[o] as number) + value);
  for (let at = 0; at < weights.length; at++) {
    out.weights[at] = (weights[at] as number) * (k[outputOf(at)] as number);
  }
  out.bias.set(shifted);
  return out;
}

/**
 * Folds Batch Normalization into the linear layer AFTER it (BN → linear):
 * `W′ = W · k[i]`, `b′[o] = b[o] + Σ W · s[i]`, summed over o's inputs and the kernel.
 *
 * Exact where every output sums over the whole kernel: dense layers, and convolutions without
 * padding. Padded zeros enter after the layer's shift s, and a transposed convolution's outputs meet
 * different parts of the kernel, so no single bias is right there unless every s is 0.
 *
 * Only the caller can see that nothing else stands between the two, neither an activation nor
 * another consumer of BN's output, and that the normalized axis is the input's channels.
 *
 * @param state - As many channels as the linear layer has inputs.
 * @param given - As for {@link foldAfter}.
 * @throws {BatchNormError} as {@link foldAfter}; `ERR_BATCHNORM_FOLD` too for a convolution that is
 * padded or transposed, unless every s is 0.
 */
export function foldBefore(layer: LinearWeights, state: BatchNormState, given?: Folded): Folded {
  const { inputs, outputs, inputOf, outputOf } = wiringOf(layer);
  const { k, s } = mapOf(state, inputs, "inputs");
  requireWholeKernels(layer, state.name, s);
  const out = placeFor(layer, outputs, given);
  const { weights, bias } = layer;
  // Not in out.bias, which may be float32, or lie in the layer's bias at another offset.
  const shifted = new Float64Array(outputs).map((_, o) => bias?.[o] ?? 0);
  for (let at = 0; at < weights.length; at++) {
    const weight = weights[at] as number;
    const i = inputOf(at);
    const o = outputOf(at);
    shifted[o] = (shifted[o] as number) + weight * (s[i] as number);
    out.weights[at] = weight * (k[i] as number);
  }
  out.bias.set(shifted);
  return out;
}

/** The state's map, when it fits the layer's side that it is folded into. */
function mapOf(state: BatchNormState, size: number, side: "inputs" | "outputs"): ChannelMap {
  const map = channelMap(state);
  if (state.channels !== size) {
    const rule = `${state.name} must have as many channels as the linear layer has ${side}, ${size}`;
    refuse("ERR_BATCHNORM_SHAPE", rule, state.channels);
  }
  return map;
}

/** Refuses a shift before a layer whose outputs do not all sum over the whole kernel. */
function requireWholeKernels(layer: LinearWeights, name: string, s: Float64Array): void {
  if (layer.kind === "dense") return;
  const transposed = layer.kind === "transposed";
  if (!transposed && layer.padding === "none") return;
  const shifts = s.findIndex((value) => value !== 0);
  if (shifts < 0) return;
  const reason = transposed
    ? "a transposed convolution, whose outputs meet different parts of the kernel"
    : 'a convolution whose padding is not "none", since zeros are padded after the shift';
  const rule =
    `${name} must have s = beta − runningMean · k = 0 in channel ${shifts} to be folded into ${reason}; ` +
    "keep it, or fold it into a linear layer right before it";
  refuse("ERR_BATCHNORM_FOLD", rule, s[shifts]);
}

/** A place for the results, found before anything is written. */
function placeFor(layer: LinearWeights, outputs: number, given: Folded | undefined): Folded {
  const { weights, bias } = layer;
  if (!given) {
    return { weights: new Float64Array(weights.length), bias: new Float64Array(outputs) };
  }
  requireFloats("out.bias", given.bias, outputs);
  outputFor("out.weights", given.weights, weights, [weights]);
  if (overlap(given.bias, given.weights) || overlap(given.bias, weights)) {
    refuse("ERR_BATCHNORM_SHAPE", "out.bias must not overlap weights", given.bias);
  }
  if (bias && overlap(given.weights, bias)) {
    refuse("ERR_BATCHNORM_SHAPE", "out.weights must not overlap bias", given.weights);
  }
  return given;
}
