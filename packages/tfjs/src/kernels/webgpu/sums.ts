import type { Launch } from "./program.ts";
import type { Settings } from "./settings.ts";
import { walkLaunch } from "./walk.ts";

/** What is added up, as WGSL over `at` and `channel`. */
export interface Terms {
  /** What is the same for all the values of a channel. */
  readonly before: string;
  /** Declares `first` and `second`, the terms of one value. */
  readonly each: string;
  readonly functions?: string;
}

/**
 * Adds two terms up over the values of every channel, or over the sample, in groups. Of a group and a
 * channel there lie `(first, its low part, second, its low part)`, from
 * `4 · (group · channels + channel)` on: rounded to one number each, they would be the greatest error of all.
 */
export function sumLaunch(
  name: string,
  settings: Settings,
  names: string[],
  walk: "all" | "sample",
  { before, each, functions = "" }: Terms,
): Launch {
  const isSample = walk === "sample";
  const groups = isSample ? settings.sampleGroups : settings.groups;
  const by = isSample ? { stride: "uniforms.sampleStride" } : {};
  return walkLaunch(
    name,
    settings,
    names,
    { groups, outputs: 4 * groups, ...by },
    {
      functions,
      before: `
      ${before}
      var sum = Sum(T(0.0), T(0.0));
      var other = sum;
    `,
      each: `
      ${each}
      sum = add(sum, first);
      other = add(other, second);
    `,
      after: `
      let place = 4 * (group * uniforms.channels + channel);
      setOutputAtIndex(place, sum.high);
      setOutputAtIndex(place + 1, sum.low);
      setOutputAtIndex(place + 2, other.high);
      setOutputAtIndex(place + 3, other.low);
    `,
    },
  );
}

/** The two sums of all groups, `totals(channel)`, as WGSL. */
export const totals: string = `
  struct Totals { first : T, second : T }
  fn totals(channel : i32) -> Totals {
    var sum = Sum(T(0.0), T(0.0));
    var other = sum;
    for (var group = 0; group < uniforms.groups; group++) {
      let place = 4 * (group * uniforms.channels + channel);
      sum = add(sum, SUMS[place]);
      sum.low += SUMS[place + 1];
      other = add(other, SUMS[place + 2]);
      other.low += SUMS[place + 3];
    }
    return Totals(sum.high + sum.low, other.high + other.low);
  }
`;
