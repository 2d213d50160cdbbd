import type { FloatArray } from "../arrays.ts";
import type { Layout } from "../layout.ts";

/** New values of one channel outside the range that its scaling was fitted to. */
export interface OutsideRange {
  readonly channel: number;
  /** How many values lie outside; NaN counts. */
  count: number;
  /** The fitted range, in units of x. */
  readonly minimum: number;
  readonly maximum: number;
  /** The value farthest outside; the first NaN, if there is one. */
  worst: number;
  /** Where that is: its index along the axes before the channel axis, as one. */
  sample: number;
}

/** What of x lies outside the fitted range, by channel; `[]` when all of it lies inside. */
export function outsideRange(
  x: FloatArray,
  { outer, channels, inner }: Layout,
  fitted: { readonly minimum: readonly number[]; readonly maximum: readonly number[] },
): OutsideRange[] {
  const found: OutsideRange[] = [];
  let i = 0;
  for (let sample = 0; sample < outer; sample++) {
    for (let channel = 0; channel < channels; channel++) {
      const minimum = fitted.minimum[channel] as number;
      const maximum = fitted.maximum[channel] as number;
      for (const end = i + inner; i < end; i++) {
        const value = x[i] as number;
        if (value >= minimum && value <= maximum) continue;
        const entry = found[channel] ?? {
          channel,
          count: 0,
          minimum,
          maximum,
          worst: value,
          sample,
        };
        found[channel] = entry;
        entry.count++;
        if (distanceOf(value, entry) > distanceOf(entry.worst, entry)) {
          Object.assign(entry, { worst: value, sample });
        }
      }
    }
  }
  // Drops the holes of channels without an entry.
  return found.filter(() => true);
}

/** NaN is farther off than anything, and nothing is farther off than NaN. */
function distanceOf(value: number, { minimum, maximum }: OutsideRange): number {
  return Number.isNaN(value)
    ? Number.POSITIVE_INFINITY
    : Math.max(minimum - value, value - maximum);
}
