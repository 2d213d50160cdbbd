import type { Momentum } from "../options.ts";
import type { BatchNormState } from "../state.ts";
import type { Peer } from "./peer.ts";
import { type LayerArrays, requireThat } from "./weights.ts";

/** How the running statistics came about, as far as it is known. */
export type History = Pick<BatchNormState, "updates" | "weight" | "valuesPerChannel">;

/** What the caller knows of it, and the peer does not store. */
export interface KnownHistory {
  /** Batches that entered since mean 0 and variance 1; wins over the peer's own count. */
  readonly updates?: number | undefined;
  /** m, where it was the same for all of them. Counts only together with `updates`. */
  readonly valuesPerChannel?: number | undefined;
}

/** The only one that there is: PyTorch's. */
const counter = "num_batches_tracked";

const none: History = { updates: 0, weight: 0, valuesPerChannel: null };

/**
 * The history of statistics that started at mean 0 and variance 1 (darknet: 0).
 *
 * An unknown count becomes 1, not 0: with 0 the next batch would be taken for the first, and its m
 * for that of all. The initial 1 is then taken to have faded, as after a long training.
 *
 * @param lose - Called with what is lost for further training.
 * @param note - Called with what is worth knowing.
 */
export function historyOf(
  peer: Peer,
  arrays: LayerArrays,
  momentum: Momentum,
  known: KnownHistory,
  { lose, note }: { lose: (text: string) => void; note: (text: string) => void },
): History {
  const { mean, variance, scalar } = arrays;
  if (!mean || !variance) {
    requireThat(peer, counter, "be absent without statistics", scalar, scalar === null);
    return none;
  }
  const counts = scalar === null || Number.isSafeInteger(scalar);
  requireThat(peer, counter, "be an integer", scalar, counts);
  const { updates = scalar ?? undefined, valuesPerChannel = null } = known;
  const initial = mean.every((value) => value === 0) && variance.every((value) => value === 1);
  if (momentum === "cumulative") {
    if (updates === undefined && !initial) {
      lose(`${counter} is unknown, and counted as 1: the next batch will weigh a half`);
      return { updates: 1, weight: 1, valuesPerChannel: null };
    }
    return updates ? { updates, weight: 1, valuesPerChannel } : none;
  }
  if (updates) {
    const faded = peer === "darknet" ? 1 : 1 - momentum ** updates;
    return { updates, weight: faded, valuesPerChannel };
  }
  if (initial) return none;
  note(
    "how many batches entered is unknown, and counted as 1: predictions and further training do not " +
      "depend on it, but the variance estimator and the start cannot be converted exactly",
  );
  return { updates: 1, weight: 1, valuesPerChannel: null };
}
