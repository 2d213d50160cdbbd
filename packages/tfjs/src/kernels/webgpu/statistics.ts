import { perChannelLaunch } from "./pass-program.ts";
import type { Launch } from "./program.ts";
import type { Settings } from "./settings.ts";
import { sumLaunch, totals } from "./sums.ts";

const firstOf = "X[channel * uniforms.inner]";

/**
 * What x is shifted by before it is squared: the mean of the sample. The mean of one value in n lies
 * within √(n − 1) standard deviations of the mean of all, whatever the values are; so, unlike with a
 * shift by a first value, no data can make the variance a small difference of large sums.
 */
const shiftOf = `
  fn shiftOf(channel : i32) -> T {
    var total = T(0.0);
    var count = T(0.0);
    for (var group = 0; group < uniforms.sampleGroups; group++) {
      let place = 4 * (group * uniforms.channels + channel);
      total += SAMPLE[place];
      count += SAMPLE[place + 2];
    }
    return ${firstOf} + total / count;
  }
`;

/** The sum of a sample of x, less the first value, and how many values that are. */
export const sampleLaunch = (settings: Settings, names: string[]): Launch =>
  sumLaunch("BatchNormSample", settings, names, "sample", {
    before: `let shift = ${firstOf};`,
    each: "let first = X[at] - shift; let second = T(1.0);",
  });

/** The sums of x less the shift, and of its square. */
export const momentsLaunch = (settings: Settings, names: string[]): Launch =>
  sumLaunch("BatchNormMoments", settings, names, "all", {
    functions: shiftOf,
    before: "let shift = shiftOf(channel);",
    each: "let first = X[at] - shift; let second = first * first;",
  });

/** Each of the three results has a program of its own, since a program has one output. */
const statisticLaunch =
  (result: string) =>
  (settings: Settings, names: string[]): Launch =>
    perChannelLaunch(
      `BatchNorm ${result}`,
      settings,
      names,
      `
        let count = f32(uniforms.count);
        let total = totals(channel);
        let rest = total.first / count;
        let mean = plus(shiftOf(channel), rest);
        let variance = total.second / count - rest * rest;
        setOutputAtIndex(channel, ${result});
      `,
      shiftOf + totals,
    );

type StatisticLaunch = ReturnType<typeof statisticLaunch>;

export const meanLaunch: StatisticLaunch = statisticLaunch("mean.high");
export const meanLowLaunch: StatisticLaunch = statisticLaunch("mean.low");
/** Rounding may leave a little below 0; a NaN is not below 0, and stays. */
export const varianceLaunch: StatisticLaunch = statisticLaunch(
  "select(variance, T(0.0), variance < T(0.0))",
);
