import { type Launch, launchOf, texel } from "./program.ts";
import type { Settings } from "./settings.ts";
import type { Lanes } from "./texels.ts";

/** What every program over an x is told. */
const integers = [
  ...(["units", "inner", "steps", "columns", "rows", "pairs"] as const),
  ...(["groups", "sampleGroups", "sampleStride"] as const),
] as const;

/** Two values per channel of a pair, spread over the four of a texel. */
const spread: Record<Lanes, string> = {
  columns: "pair.xyxy",
  rows: "pair.xxyy",
  whole: "vec4(unit % 2 == 0 ? pair.x : pair.y)",
};

/** The values of a texel added up by channel; `low` is what their rounding left out. */
const fold: Record<Lanes, string> = {
  columns: "return plus(v.xy, v.zw, rest) + (rest + (low.xy + low.zw));",
  rows: "return plus(v.xz, v.yw, rest) + (rest + (low.xz + low.yw));",
  whole: `
    vec2 halves = plus(v.xy, v.zw, rest), all = plus(halves, halves.yx, other);
    return all + (other + dot(rest, vec2(1.0)) + dot(low, vec4(1.0)));
  `,
};

/**
 * `a + b`, and what its rounding leaves out (Knuth), of vectors of a type. `one` is 1, which a compiler
 * cannot know: so it cannot find that the rest is 0 in real numbers.
 */
const plus = (type: string): string => `
  ${type} plus(${type} a, ${type} b, out ${type} rest) {
    ${type} sum = a + b, part = sum * one - a;
    rest = (a - (sum * one - part)) + (b - part);
    return sum;
  }
`;

const prelude = ({ lanes }: Settings): string => `
  int pairOf(int unit) { return ${lanes === "whole" ? "unit / 2" : "unit"}; }
  vec4 spread(vec2 pair, int unit) { return ${spread[lanes]}; }
  ${plus("vec2")}
  ${plus("vec4")}
  void add(inout vec4 sum, inout vec4 low, vec4 term) {
    vec4 rest;
    sum = plus(sum, term, rest);
    low += rest;
  }
  vec2 fold(vec4 v, vec4 low) { vec2 rest, other; ${fold[lanes]} }
`;

/** A program over an x. */
export function passLaunch(
  names: string[],
  outputShape: number[],
  settings: Settings,
  main: string,
  functions = "",
): Launch {
  const { count, epsilon } = settings;
  const told = {
    int: Object.fromEntries(integers.map((name) => [name, settings[name]])),
    float: { count, epsilon, one: 1 },
  };
  return launchOf(names, outputShape, told, main, prelude(settings) + functions);
}

/** A program of one value per channel; `pair` is the place of the two that `main` sets. */
export const perChannelLaunch = (
  settings: Settings,
  names: string[],
  main: string,
  functions = "",
): Launch =>
  passLaunch(names, [settings.channels], settings, `int pair = here(); ${main}`, functions);

/** A program of x's shape; `at` is the place of the texel that `main` sets, of channels in `unit`. */
export const elementwiseLaunch = (settings: Settings, names: string[], main: string): Launch =>
  passLaunch(
    names,
    settings.shape,
    settings,
    `int at = here(); int unit = ${settings.lanes === "columns" ? "at" : "(at / inner)"} % units; ${main}`,
  );

/** One value per channel, spread over the texel of a unit, as GLSL. */
export const perChannel = (name: string): string =>
  `spread(${texel(name, "pairOf(unit)")}.xy, unit)`;
