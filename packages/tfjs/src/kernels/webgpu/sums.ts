import { type Launch, launchOf, type Settings } from "./program.ts";

/** What is added up, as WGSL over `at` and `channel`. */
export interface Terms {
  readonly variableNames: string[];
  /** What is the same for all the values of a channel. */
  readonly once: string;
  /** Declares `first` and `second`, the terms of one value. */
  readonly each: string;
  readonly functions?: string;
}

/**
 * Adds two terms up over the values of every channel, in groups: `(first, second)` of a group and a
 * channel lie at `2 · (group · channels + channel)`. Neighbouring threads read neighbouring values.
 */
export function sumLaunch(
  name: string,
  { channels, inner, groups, sampleGroups }: Settings,
  walk: "all" | "sample",
  { variableNames, once, each, functions = "" }: Terms,
): Launch {
  const threads = channels * (walk === "all" ? groups : sampleGroups);
  const shared = walk === "all" ? "uniforms.groups" : "uniforms.sampleGroups";
  const stride = walk === "all" ? "1" : "uniforms.sampleStride";
  const [channel, group, at] =
    inner === 1
      ? [
          "index % uniforms.channels",
          "index / uniforms.channels",
          "t * uniforms.channels + channel",
        ]
      : [
          `index / ${shared}`,
          `index % ${shared}`,
          "(t / uniforms.inner * uniforms.channels + channel) * uniforms.inner + t % uniforms.inner",
        ];
  return launchOf(
    inner === 1 ? `${name}ChannelsLast` : name,
    variableNames,
    { threads, outputs: 2 * threads },
    `
      let channel = ${channel};
      let group = ${group};
      ${once}
      var sum = vec2<f32>(0.0);
      var other = vec2<f32>(0.0);
      for (var t = group * ${stride}; t < uniforms.count; t += ${shared} * ${stride}) {
        let at = ${at};
        ${each}
        sum = add(sum, first);
        other = add(other, second);
      }
      let place = 2 * (group * uniforms.channels + channel);
      setOutputAtIndex(place, sum.x - sum.y);
      setOutputAtIndex(place + 1, other.x - other.y);
    `,
    functions,
  );
}

/** The two sums of all groups, `totals(channel)`, as WGSL. */
export const totals: string = `
  fn totals(channel : i32) -> vec2<f32> {
    var sum = vec2<f32>(0.0);
    var other = vec2<f32>(0.0);
    for (var group = 0; group < uniforms.groups; group++) {
      let place = 2 * (group * uniforms.channels + channel);
      sum = add(sum, SUMS[place]);
      other = add(other, SUMS[place + 1]);
    }
    return vec2<f32>(sum.x - sum.y, other.x - other.y);
  }
`;
