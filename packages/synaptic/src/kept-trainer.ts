import { type Cost, type FlatSamples, type Network, Trainer } from "@batchnorm/minibatch";

/** What a trainer is made by. */
interface Settings {
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly cost: Cost;
  readonly seed: number;
}

/** Up to so many numbers, their copy is kept. */
const mostKept = 65_536;

/** The trainer of the last call, for the next one of the same kind: a tiny network trains 40 samples as it is made. */
export class KeptTrainer {
  #trainer: Trainer | null = null;
  #count = 0;
  #cost: Cost | null = null;

  /**
   * A trainer at its beginning. The one that was given before is not to be used any more.
   *
   * @throws {BatchNormError} as minibatch's Trainer.
   */
  of(network: Network, flat: FlatSamples, settings: Settings): Trainer {
    const kept = this.#trainer;
    if (kept?.network === network && this.#fits(kept, flat, settings)) {
      kept.restart(settings.seed);
      kept.update(flat);
      return kept;
    }
    this.dispose();
    this.#trainer = new Trainer(network, flat, settings);
    this.#count = flat.count;
    this.#cost = settings.cost;
    return this.#trainer;
  }

  /** Lets go of many samples. */
  release({ x, t }: FlatSamples): void {
    if (x.length + t.length > mostKept) this.dispose();
  }

  dispose(): void {
    this.#trainer?.dispose();
    this.#trainer = null;
  }

  #fits(
    { batchSize, shuffle }: Trainer,
    { count }: FlatSamples,
    { cost, ...wanted }: Settings,
  ): boolean {
    return (
      batchSize === wanted.batchSize &&
      shuffle === wanted.shuffle &&
      count === this.#count &&
      cost === this.#cost
    );
  }
}
