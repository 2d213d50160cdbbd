import type { FloatArray } from "@batchnorm/core";
import type { Network } from "./network.ts";
import { Position } from "./position.ts";
import { Random } from "./random.ts";
import type { Snapshot } from "./snapshot.ts";

/** A network at a position. */
interface Copy {
  readonly snapshot: Snapshot;
  readonly position: Position;
}

/**
 * The last parameters that are known to be good, to go back to when training diverges. A copy counts as
 * good once a finite loss has been computed from it: a step may end in numbers that are finite still, but
 * that nothing finite comes of.
 */
export class LastGood {
  readonly #network: Network;
  /** The latest copy that is known to be good; null before the first. */
  #good: Copy | null = null;
  /** The latest copy, while nobody knows yet. */
  #latest: Copy | null = null;
  readonly #spare: Copy[];

  constructor(network: Network) {
    const copy = (): Copy => ({
      snapshot: network.snapshot(),
      position: new Position(new Random(0)),
    });
    this.#network = network;
    this.#spare = [copy(), copy()];
  }

  /** Copies the network as it is. */
  copy(position: Position): void {
    const copy = this.#latest ?? (this.#spare.pop() as Copy);
    this.#network.snapshot(copy.snapshot);
    copy.position.copyFrom(position);
    this.#latest = copy;
  }

  /** Steps that were done when the latest copy was made. */
  get step(): number {
    return (this.#latest ?? this.#good)?.position.step ?? 0;
  }

  /** The latest copy has given a finite loss. */
  confirm(): void {
    if (!this.#latest) return;
    if (this.#good) this.#spare.push(this.#good);
    this.#good = this.#latest;
    this.#latest = null;
  }

  /** Nothing of before is good to go back to. */
  forget(): void {
    if (this.#good) this.#spare.push(this.#good);
    this.#good = null;
  }

  /** Puts network and position back to the last good copy, or the only one there is. */
  restore(position: Position): void {
    const { snapshot, position: at } = (this.#good ?? this.#latest) as Copy;
    this.#network.restore(snapshot);
    position.copyFrom(at);
  }

  /** Copies the network as it is, and tells whether all of its parameters are finite. */
  copyIfFinite(position: Position): boolean {
    this.copy(position);
    // A finite loss does not prove it, for a sigmoid makes 1 of infinity.
    return allFinite((this.#latest as Copy).snapshot.parameters);
  }
}

/** NaN where any value is NaN or infinite, else 0: one sum is quicker than a question for each. */
function allFinite(values: FloatArray): boolean {
  let zero = 0;
  for (let i = 0; i < values.length; i++) zero += (values[i] as number) * 0;
  return zero === 0;
}
