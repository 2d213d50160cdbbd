import { refuse } from "../errors.ts";
import { type BatchNormState, parseState } from "../state.ts";
import { statisticsOfBlobs } from "./caffe.ts";
import { historyOf, type KnownHistory } from "./history.ts";
import { conventionOf, type Peer, type PeerSettings, type PeerWeights, presetOf } from "./peer.ts";
import { epsilonInside, varianceInside } from "./root.ts";
import { readSettings } from "./settings.ts";
import { readWeights } from "./weights.ts";

/** What a peer's arrays do not tell. */
export interface FromPeerOptions<P extends Peer = Peer> extends KnownHistory {
  /** What the peer's layer was made with, in its own words; its defaults stand in for the rest. */
  readonly settings?: PeerSettings[P] | undefined;
  /** What to call the layer. */
  readonly name?: string | undefined;
}

/** A layer that came from a peer. */
export interface FromPeer {
  readonly state: BatchNormState;
  /** Whether it also trains on as it would have there. What it predicts is the same in any case. */
  readonly exact: boolean;
  /** Why not, and what was assumed. */
  readonly notes: readonly string[];
}

/**
 * Takes a layer over from another library: the same function of x at inference, in our terms.
 *
 * PyTorch's momentum and TensorFlow's factor become 1 − themselves. Caffe's blobs are divided by s.
 * darknet's `(x − mean) / (√v + 1e-6)` becomes ours with epsilon = 1e-12 and variance v + 2e-6 · √v.
 *
 * @param peer - `"pytorch"`, `"keras"` (TF.js layers too), `"tfFused"`, `"flax"`, `"onnx"`, `"caffe"`
 * or `"darknet"`.
 * @param weights - One value per channel in each array, under the peer's names; other names are refused.
 * @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for an unknown peer, setting or option;
 * `ERR_BATCHNORM_STATE` naming the array: one that is missing or unknown, of another length, not
 * finite, a negative variance.
 * @see presets for the defaults of each
 */
export function fromPeer<P extends Peer>(
  peer: P,
  weights: PeerWeights[P],
  options: FromPeerOptions<P> = {},
): FromPeer {
  const convention = conventionOf(peer);
  const { settings = {}, name, ...known } = requireOptions(options);
  const arrays = readWeights(peer, convention, weights);
  const { epsilon, momentum } = readSettings(peer, convention, settings, arrays);
  const notes: string[] = [];
  let exact = true;
  const note = (text: string): void => void notes.push(text);
  const lose = (text: string): void => {
    exact = false;
    note(text);
  };

  let { mean, variance } = arrays;
  let history = null;
  if (peer === "caffe") {
    ({ mean, variance, history } = statisticsOfBlobs(arrays, momentum, known, lose));
  } else {
    history = historyOf(peer, arrays, momentum, known, { lose, note });
  }
  // Moved into the root, a variance is no longer m/(m − 1) times the biased one.
  if (peer === "darknet") history = { ...history, valuesPerChannel: null };
  if (known.valuesPerChannel && history.valuesPerChannel === null) {
    note(
      "valuesPerChannel is dropped: it says something only of a known number of updates, and nothing " +
        "of a variance that was changed to fit another epsilon",
    );
  }
  if (peer === "darknet") {
    variance = (variance as number[]).map(varianceInside);
    lose(
      "predictions are exact; further training is not darknet's, which normalizes batches by the " +
        "unbiased variance and adds 1e-6 outside the root",
    );
  }
  const { varianceEstimator, start } = presetOf(peer);
  const state = parseState({
    version: 1,
    name: name ?? "batch-norm",
    channels: arrays.channels,
    gamma: arrays.gamma,
    beta: arrays.beta,
    runningMean: mean,
    runningVariance: variance,
    epsilon: peer === "darknet" ? epsilonInside : epsilon,
    momentum,
    varianceEstimator,
    start,
    renorm: null,
    ...history,
  } satisfies BatchNormState);
  return { state, exact, notes };
}

function requireOptions<P extends Peer>(options: FromPeerOptions<P>): FromPeerOptions<P> {
  if (typeof options !== "object" || options === null) {
    refuse("ERR_BATCHNORM_OPTION", "options of fromPeer must be an object", options);
  }
  const names = ["settings", "name", "updates", "valuesPerChannel"];
  const unknown = Object.keys(options).find((key) => !names.includes(key));
  if (unknown !== undefined) {
    const rule = `an option of fromPeer must be one of ${names.join(", ")}`;
    refuse("ERR_BATCHNORM_OPTION", rule, unknown);
  }
  const { updates, valuesPerChannel } = options;
  if (updates !== undefined && !(Number.isSafeInteger(updates) && updates >= 0)) {
    refuse("ERR_BATCHNORM_OPTION", "updates must be an integer ≥ 0", updates);
  }
  const known = Number.isSafeInteger(valuesPerChannel) && (valuesPerChannel as number) >= 1;
  if (valuesPerChannel !== undefined && !known) {
    refuse("ERR_BATCHNORM_OPTION", "valuesPerChannel must be an integer ≥ 1", valuesPerChannel);
  }
  return options;
}
