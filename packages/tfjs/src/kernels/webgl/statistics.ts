import { perChannelLaunch } from "./pass-program.ts";
import { type Launch, texel } from "./program.ts";
import type { Settings } from "./settings.ts";
import { sumLaunch, totals } from "./sums.ts";
import type { Lanes } from "./texels.ts";

/** The first value of both channels of a pair. */
const first: Record<Lanes, string> = {
  columns: `${texel("X", "pair")}.xy`,
  rows: `${texel("X", "pair * inner")}.xz`,
  whole: `vec2(${texel("X", "2 * pair * inner")}.x, ${texel("X", "(2 * pair + 1) * inner")}.x)`,
};

const firstOf = ({ lanes }: Settings): string =>
  `vec2 firstOf(int pair) { return ${first[lanes]}; }`;

/**
 * What x is shifted by before it is squared: the mean of the sample. The mean of one value in n lies
 * within √(n − 1) standard deviations of the mean of all, whatever the values are; so, unlike with a
 * shift by a first value, no data can make the variance a small difference of large sums.
 */
const shiftOf = (settings: Settings): string => `
  ${firstOf(settings)}
  vec2 shiftOf(int pair) {
    vec4 total = vec4(0.0);
    for (int group = 0; group < sampleGroups; group++) {
      total += ${texel("SAMPLE", "group * pairs + pair")};
    }
    return firstOf(pair) + total.xy / total.zw;
  }
`;

/** The sum of a sample of x, less the first value, and how many values that are. */
export const sampleLaunch = (settings: Settings, names: string[]): Launch =>
  sumLaunch(settings, names, "sample", {
    functions: firstOf(settings),
    once: "vec4 shift = spread(firstOf(pair), unit);",
    each: `vec4 first = ${texel("X", "at")} - shift, second = vec4(1.0);`,
  });

/** The sums of x less the shift, and of its square. */
export const momentsLaunch = (settings: Settings, names: string[]): Launch =>
  sumLaunch(settings, names, "all", {
    functions: shiftOf(settings),
    once: "vec4 shift = spread(shiftOf(pair), unit);",
    each: `vec4 first = ${texel("X", "at")} - shift, second = first * first;`,
  });

/** Each of the three results has a program of its own, since a program has one output. */
const statisticLaunch =
  (result: string) =>
  (settings: Settings, names: string[]): Launch =>
    perChannelLaunch(
      settings,
      names,
      `
        vec4 total = totals(pair);
        vec2 rest = total.xy / count, meanLow;
        vec2 mean = plus(shiftOf(pair), rest, meanLow);
        vec2 variance = total.zw / count - rest * rest;
        setOutput(vec4(${result}, 0.0, 0.0));
      `,
      shiftOf(settings) + totals,
    );

type StatisticLaunch = ReturnType<typeof statisticLaunch>;

export const meanLaunch: StatisticLaunch = statisticLaunch("mean");
export const meanLowLaunch: StatisticLaunch = statisticLaunch("meanLow");
/** Rounding may leave a little below 0; a NaN is not below 0, and stays. */
export const varianceLaunch: StatisticLaunch = statisticLaunch(
  "mix(variance, vec2(0.0), lessThan(variance, vec2(0.0)))",
);
