import { passLaunch } from "./pass-program.ts";
import { type Launch, texel } from "./program.ts";
import type { Settings } from "./settings.ts";

/** What is added up, as GLSL over `at`, `unit` and `pair`. */
export interface Terms {
  /** What is the same for all the texels of a unit. */
  readonly once?: string;
  /** Declares `first` and `second`, the terms of one texel. */
  readonly each: string;
  readonly functions?: string;
}

/** Where the texels of a group begin, how far they lie apart, and how many groups there are. */
const walks = {
  all: { from: "group", by: "groups", groups: "groups" },
  sample: {
    from: "group * sampleStride",
    by: "sampleGroups * sampleStride",
    groups: "sampleGroups",
  },
} as const;

/**
 * Adds two terms up over the texels of every channel, in groups: the texel of a pair and a group is
 * `(first of one channel, first of the other, second of one, second of the other)`.
 */
export function sumLaunch(
  settings: Settings,
  names: string[],
  walk: keyof typeof walks,
  { once = "", each, functions = "" }: Terms,
): Launch {
  const { lanes, pairs } = settings;
  const { from, by, groups } = walks[walk];
  const place =
    lanes === "columns" ? "t * units + unit" : "(t / inner * units + unit) * inner + t % inner";
  const sums = `
    ${functions}
    ${padding(settings)}
    vec4 sumsOf(int pair, int unit, int group) {
      ${once}
      vec4 sum = vec4(0.0), low = sum, otherSum = sum, otherLow = sum;
      for (int t = ${from}; t < steps; t += ${by}) {
        int at = ${place};
        ${each}
        ${isPadded(settings) ? skip : ""}
        add(sum, low, first);
        add(otherSum, otherLow, second);
      }
      return vec4(fold(sum, low), fold(otherSum, otherLow));
    }
  `;
  const both =
    lanes === "whole"
      ? `vec4 even = sumsOf(pair, 2 * pair, group), odd = sumsOf(pair, 2 * pair + 1, group);
         setOutput(vec4(even.x, odd.x, even.z, odd.z));`
      : "setOutput(sumsOf(pair, pair, group));";
  return passLaunch(
    names,
    [2 * settings[groups], 2 * pairs],
    settings,
    `int pair = here() % pairs, group = here() / pairs; ${both}`,
    sums,
  );
}

/** Selected out and never multiplied by 0: what lies in empty places may be NaN. */
const skip = `
  bvec4 empty = padding(at);
  first = mix(first, vec4(0.0), empty);
  second = mix(second, vec4(0.0), empty);
`;

/** Where the channels are columns, a column too many is a channel that nobody asks for; so with rows. */
const isPadded = ({ lanes, oddRows, oddColumns }: Settings): boolean =>
  (oddRows && lanes !== "rows") || (oddColumns && lanes !== "columns");

function padding({ lanes, oddRows, oddColumns }: Settings): string {
  const row = oddRows && lanes !== "rows" ? "(at / columns) % rows == rows - 1" : "false";
  const column = oddColumns && lanes !== "columns" ? "at % columns == columns - 1" : "false";
  return `
    bvec4 padding(int at) {
      bool row = ${row}, column = ${column};
      return bvec4(false, column, row, row || column);
    }
  `;
}

/** The sums of all groups, `totals(pair)`, as GLSL. */
export const totals: string = `
  vec4 totals(int pair) {
    vec4 sum = vec4(0.0), low = sum;
    for (int group = 0; group < groups; group++) {
      add(sum, low, ${texel("SUMS", "group * pairs + pair")});
    }
    return sum + low;
  }
`;
