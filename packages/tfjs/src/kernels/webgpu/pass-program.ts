import { type Launch, launchOf, type Size } from "./program.ts";
import type { Settings } from "./settings.ts";

/**
 * `a + b`, and what its rounding leaves out (Knuth). `one` is 1, which a compiler cannot know: so it
 * cannot find that the rest is 0 in real numbers.
 */
const exactSums = `
  struct Sum { high : T, low : T }
  fn plus(a : T, b : T) -> Sum {
    let sum = a + b;
    let part = sum * uniforms.one - a;
    return Sum(sum, (a - (sum * uniforms.one - part)) + (b - part));
  }
  fn add(sum : Sum, term : T) -> Sum {
    let next = plus(sum.high, term);
    return Sum(next.high, sum.low + next.low);
  }
`;

/** A program over an x, which is told all that is known of it. A channel of its code is as many as T holds. */
export function passLaunch(
  name: string,
  { channels, inner, groups, sampleGroups, sampleStride, count, epsilon, width }: Settings,
  names: string[],
  size: Omit<Size, "width">,
  main: string,
  functions = "",
): Launch {
  const told = {
    i32: { channels: channels / width, inner, groups, sampleGroups, sampleStride, count },
    f32: { epsilon, one: 1 },
  };
  return launchOf(name, names, { ...size, width }, told, main, exactSums + functions);
}

/** A program of one number per channel: `main` sets that of `channel`; `outputs`, if it sets more than one. */
export const perChannelLaunch = (
  name: string,
  settings: Settings,
  names: string[],
  main: string,
  functions = "",
  outputs = 1,
): Launch => {
  const threads = settings.channels / settings.width;
  return passLaunch(
    name,
    settings,
    names,
    { threads, outputs: outputs * threads },
    `let channel = index; ${main}`,
    functions,
  );
};

/** What an input holds of a channel, as WGSL; a number where there is no such input. */
export const perChannel = (name: string, names: string[], otherwise = "0.0"): string =>
  names.includes(name) ? `${name}[channel]` : `T(${otherwise})`;
