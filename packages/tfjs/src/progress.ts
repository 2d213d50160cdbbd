/**
 * What a layer keeps of its updates beside the running statistics, in four float32 numbers:
 * `[updates, weight, skipped, wraps]`. Float32 counts to 2^24; the updates start over there, and
 * `wraps` says how often they have.
 */
export interface Progress {
  readonly updates: number;
  readonly weight: number;
  readonly skipped: number;
}

export const progressLength: number = 4;

/** What float32 counts to. */
export const wrap: number = 2 ** 24;

export function readProgress(kept: ArrayLike<number>): Progress {
  const [updates = 0, weight = 0, skipped = 0, wraps = 0] = Array.from(kept);
  return { updates: updates + wraps * wrap, weight, skipped };
}

export const progressOf = ({ updates, weight, skipped }: Progress): Float32Array =>
  Float32Array.of(updates % wrap, weight, skipped, Math.floor(updates / wrap));
