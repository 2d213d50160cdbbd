import { refuse } from "../errors.ts";
import { type BatchNormState, parseState } from "../state.ts";
import { blobsOfStatistics } from "./caffe.ts";
import {
  type Convention,
  conventionOf,
  type Peer,
  type PeerSettings,
  type PeerWeights,
  presetOf,
} from "./peer.ts";
import { varianceOutside } from "./root.ts";
import { writeSettings } from "./settings.ts";
import { type LayerArrays, requireThat, writeWeights } from "./weights.ts";

/** A layer as a peer holds it. */
export interface ToPeer<P extends Peer = Peer> {
  /** Plain arrays under the peer's names. */
  readonly weights: PeerWeights<number[]>[P];
  /** What the peer's layer must be made with, in its own words. */
  readonly settings: PeerSettings[P];
  /**
   * Whether the layer also trains on there as it would have here. What it predicts is the same in any
   * case, but for a layer that was never trained in Caffe.
   */
  readonly exact: boolean;
  /** Why not. */
  readonly notes: readonly string[];
}

/** As near to 1 as makes no difference to float64 sums of running statistics. */
const saturated = 1 - 1e-12;

/**
 * Hands a layer to another library: the same function of x at inference, in its terms.
 *
 * The statistics are not made those that the peer would have tracked: predictions would change then.
 * Where that is wanted, say to train on there, `convertState` does it first.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for an unknown peer; `ERR_BATCHNORM_STATE` for a
 * malformed state, one without running statistics where the peer must have them, and, for darknet, a
 * variance and an epsilon that are both 0.
 */
export function toPeer<P extends Peer>(peer: P, state: BatchNormState): ToPeer<P> {
  const convention = conventionOf(peer);
  const parsed = parseState(state);
  const notes: string[] = [];
  const lose = (text: string): void => void notes.push(text);

  const tracked = parsed.runningMean !== null;
  const rule = `not be null: ${peer} has no layer without`;
  const optional = tracked || convention.optional.includes("mean");
  requireThat("a state", "runningMean", rule, parsed.runningMean, optional);
  const arrays = arraysFor(peer, convention, parsed, lose);
  if (tracked) compareTracking(peer, convention, parsed, lose);
  return {
    weights: writeWeights(convention, arrays) as PeerWeights<number[]>[P],
    settings: writeSettings(peer, convention, parsed, arrays) as PeerSettings[P],
    exact: notes.length === 0,
    notes,
  };
}

function arraysFor(
  peer: Peer,
  convention: Convention,
  state: BatchNormState,
  lose: (text: string) => void,
): LayerArrays {
  const { channels, updates } = state;
  const copy = (values: readonly number[] | null): number[] | null => values && [...values];
  const filled = (role: "gamma" | "beta", partner: "gamma" | "beta", value: number) => {
    const needed =
      !convention.optional.includes(role) ||
      (convention.together?.includes(role) && state[partner] !== null);
    if (state[role] || !needed) return copy(state[role]);
    lose(`${convention.names[role]} is filled with ${value}: keep it from being trained`);
    return new Array<number>(channels).fill(value);
  };
  const arrays: LayerArrays = {
    channels,
    gamma: filled("gamma", "beta", 1),
    beta: filled("beta", "gamma", 0),
    mean: copy(state.runningMean),
    variance: copy(state.runningVariance),
    scalar: state.runningMean && updates,
  };
  if (peer === "caffe") return { ...arrays, ...blobsOfStatistics(state, lose) };
  return peer === "darknet" ? outsideTheRoot(arrays, state.epsilon, lose) : arrays;
}

function outsideTheRoot(
  arrays: LayerArrays,
  epsilon: number,
  lose: (text: string) => void,
): LayerArrays {
  const gamma = arrays.gamma as number[];
  const variance = arrays.variance as number[];
  for (const [c, value] of variance.entries()) {
    if (value + epsilon === 0) {
      const rule = `runningVariance[${c}] + epsilon of a state must be > 0 for darknet`;
      refuse("ERR_BATCHNORM_STATE", rule, value + epsilon);
    }
    const moved = varianceOutside(value, epsilon);
    variance[c] = moved.variance;
    gamma[c] = (gamma[c] as number) * moved.factor;
  }
  lose(
    "predictions are exact; darknet's further training normalizes batches by the unbiased variance " +
      "and adds 1e-6 outside the root",
  );
  return arrays;
}

/** Says where the peer would move the running statistics otherwise than we would. */
function compareTracking(
  peer: Peer,
  convention: Convention,
  state: BatchNormState,
  lose: (text: string) => void,
): void {
  const { varianceEstimator, momentum, start, updates, weight, renorm } = state;
  if (renorm) lose("renorm and its averages are left behind: training would go on without it");
  const theirs = presetOf(peer);
  if (varianceEstimator !== theirs.varianceEstimator) {
    lose(
      `${peer} tracks the ${theirs.varianceEstimator} variance, and would mix it with this ` +
        `${varianceEstimator} one in further training: convertState changes the numbers`,
    );
  }
  if (momentum === "cumulative") {
    if (convention.cumulative === undefined) {
      lose(`${peer} has no cumulative average: its own momentum stands in for further training`);
    }
    return;
  }
  if (!convention.momentum && momentum !== theirs.momentum) {
    lose(`${peer}'s momentum is fixed at ${theirs.momentum}, not ${momentum}`);
  }
  if (peer === "caffe") return;
  const goesOn = start === "debiased" ? weight >= saturated : start === "zero-one" || updates > 0;
  if (!goesOn) {
    lose(`${peer} starts at zero-one: its next batches will weigh less than with ${start} here`);
  }
}
