import type { Launch } from "./program.ts";
import type { Settings } from "./settings.ts";
import { walkLaunch } from "./walk.ts";

/** What is added up, as WGSL over `at` and `channel`. */
export interface Terms {
  readonly variableNames: string[];
  /** What is the same for all the values of a channel. */
  readonly before: string;
  /** Declares `first` and `second`, the terms of one value. */
  readonly each: string;
  readonly functions?: string;
}

/**
 * Adds two terms up over the values of every channel, or over the sample, in groups. Of a group and a
 * channel there lie `(first, its low part, second, its low part)`, four values, at
 * `group · channels + channel`: rounded to one number each, they would be the greatest error of all.
 */
export function sumLaunch(
  name: string,
  settings: Settings,
  walk: "all" | "sample",
  { variableNames, before, each, functions = "" }: Terms,
): Launch {
  const isSample = walk === "sample";
  const groups = isSample ? settings.sampleGroups : settings.groups;
  const outputs = 4 * groups * settings.channels;
  const by = isSample ? { stride: "uniforms.sampleStride" } : {};
  return walkLaunch(
    name,
    variableNames,
    settings,
    { groups, outputs, ...by },
    {
      functions,
      before: `
      ${before}
      var sum = vec2<f32>(0.0);
      var other = vec2<f32>(0.0);
    `,
      each: `
      ${each}
      sum = add(sum, first);
      other = add(other, second);
    `,
      after: `
      let place = 4 * (group * uniforms.channels + channel);
      setOutputAtIndex(place, sum.x);
      setOutputAtIndex(place + 1, sum.y);
      setOutputAtIndex(place + 2, other.x);
      setOutputAtIndex(place + 3, other.y);
    `,
    },
  );
}

/** The two sums of all groups, `totals(channel)`, as WGSL. */
export const totals: string = `
  fn totals(channel : i32) -> vec2<f32> {
    var sum = vec2<f32>(0.0);
    var other = vec2<f32>(0.0);
    for (var group = 0; group < uniforms.groups; group++) {
      let part = SUMS4[group * uniforms.channels + channel];
      sum = add(sum, part.x) + vec2<f32>(0.0, part.y);
      other = add(other, part.z) + vec2<f32>(0.0, part.w);
    }
    return vec2<f32>(sum.x + sum.y, other.x + other.y);
  }
`;
