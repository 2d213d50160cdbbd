import { type Launch, launchOf } from "./program.ts";
import type { Settings } from "./settings.ts";

const exactSums = `
  // a + b, and what its rounding leaves out (Knuth). one is 1, which a compiler cannot know: so it
  // cannot find that the rest is 0 in real numbers.
  fn plus(a : f32, b : f32) -> vec2<f32> {
    let sum = a + b;
    let part = sum * uniforms.one - a;
    return vec2<f32>(sum, (a - (sum * uniforms.one - part)) + (b - part));
  }
  // Adds a term to a sum of two parts.
  fn add(sum : vec2<f32>, term : f32) -> vec2<f32> {
    let next = plus(sum.x, term);
    return vec2<f32>(next.x, sum.y + next.y);
  }
`;

/** A program over an x, which is told all that is known of it. */
export function passLaunch(
  name: string,
  variableNames: string[],
  { channels, inner, groups, sampleGroups, sampleStride, count, epsilon }: Settings,
  size: { threads: number; outputs?: number },
  main: string,
  functions = "",
): Launch {
  const told = {
    i32: { channels, inner, groups, sampleGroups, sampleStride, count },
    f32: { epsilon, one: 1 },
  };
  return launchOf(name, variableNames, size, told, main, exactSums + functions);
}

/** A program of one value per channel: `main` sets that of `channel`. */
export const perChannelLaunch = (
  name: string,
  variableNames: string[],
  settings: Settings,
  main: string,
  functions = "",
): Launch =>
  passLaunch(
    name,
    variableNames,
    settings,
    { threads: settings.channels },
    `let channel = index; ${main}`,
    functions,
  );
