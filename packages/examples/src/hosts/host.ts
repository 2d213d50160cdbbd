import type { Dense } from "../network.ts";
import type { Samples } from "../samples.ts";

/** A network that learns. */
export interface Learner {
  /** Brings samples into the host's own shape, and gives what trains once on each, in their order. */
  prepare(samples: Samples): () => void | Promise<void>;
  /** A row of outputs for each. */
  predict(samples: Samples): ArrayLike<number>[];
  dispose(): void;
}

export interface Start {
  /** Where weights begin. */
  readonly layers: readonly Dense[];
  /** Samples of a batch. */
  readonly batchSize: number;
  readonly rate: number;
}

/** A library, with Batch Normalization and without. */
export interface Host {
  /** As `--host` has it. */
  readonly name: string;
  readonly title: string;
  /** That suit it: a rate for single samples is another than one for the mean of a batch. */
  readonly rates: { readonly without: number; readonly with: number };
  /** Samples of a step of its own training; null for those of a batch. */
  readonly stockStep: number | null;
  without(start: Start): Learner;
  with(start: Start): Learner;
}
