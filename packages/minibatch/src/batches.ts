import { refuse } from "@batchnorm/core";

/** How an epoch's samples are dealt out to mini-batches. */
export interface Batches {
  /** Mini-batches of an epoch. */
  readonly count: number;
  /** Samples of the largest one. */
  readonly largest: number;
  /** Where batch `index` begins; at `count`, where the last one ends. */
  startOf(index: number): number;
}

/**
 * Deals n samples out to ⌈n / size⌉ batches whose sizes differ by at most 1, so that no batch counts
 * for much more than another and none has a single sample, which has no variance: a lone last one joins,
 * so that an odd number of samples by twos makes a batch of three.
 *
 * @param samples - n ≥ 1; at least 2 with Batch Normalization.
 * @param size - What a batch holds at most, but for a lone sample that joins; ≥ 1, and ≥ 2 with Batch
 * Normalization. With 1 every sample is a batch of its own.
 * @param normalized - Whether Batch Normalization takes its statistics from the batches.
 * @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for a size, `ERR_BATCHNORM_TOO_FEW_VALUES` for a number
 * of samples.
 */
export function balancedBatches(samples: number, size: number, normalized: boolean): Batches {
  const least = normalized ? 2 : 1;
  if (!Number.isSafeInteger(size) || size < least) {
    const why = normalized ? ", since one sample has no variance for Batch Normalization" : "";
    refuse("ERR_BATCHNORM_OPTION", `batchSize must be an integer ≥ ${least}${why}`, size);
  }
  if (!Number.isSafeInteger(samples) || samples < least) {
    const why = normalized ? ", so that a batch has a variance to normalize by" : "";
    refuse("ERR_BATCHNORM_TOO_FEW_VALUES", `there must be ${least} samples or more${why}`, samples);
  }
  const wanted = Math.ceil(samples / size);
  const count = size === 1 ? wanted : Math.min(wanted, Math.max(1, Math.floor(samples / 2)));
  return {
    count,
    largest: Math.ceil(samples / count),
    startOf: (index) => Math.floor((index * samples) / count),
  };
}
