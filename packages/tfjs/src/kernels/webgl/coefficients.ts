import { passLaunch } from "./pass-program.ts";
import { type Launch, texel } from "./program.ts";
import type { Settings } from "./settings.ts";

/**
 * What a program of x's shape needs to know of a channel, in two texels for two channels:
 * `(mean, mean, scale, scale)` and `(slope, slope, offset, offset)`. Without it each texel of x would
 * cost up to eight more to be read.
 */
function coefficientsLaunch(
  settings: Settings,
  names: string[],
  rest: (read: (name: string) => string) => string,
): Launch {
  const read = (name: string, otherwise = "0.0"): string =>
    names.includes(name) ? `${texel(name, "pair")}.xy` : `vec2(${otherwise})`;
  return passLaunch(
    names,
    [2, 4 * settings.pairs],
    settings,
    `
      int pair = here() / 2;
      vec2 r = 1.0 / sqrt(${read("VARIANCE")} + epsilon);
      vec2 scale = r * ${read("GAMMA", "1.0")};
      vec2 meanLow = ${read("MEANLOW")};
      vec2 slope = vec2(0.0), offset = slope;
      ${rest(read)}
      setOutput(here() % 2 == 0 ? vec4(${read("MEAN")}, scale) : vec4(slope, offset));
    `,
  );
}

/** For `y = scale · (x − mean) + offset`. */
export const normalizingLaunch = (settings: Settings, names: string[]): Launch =>
  coefficientsLaunch(settings, names, (read) => `offset = ${read("BETA")} - meanLow * scale;`);

/** For `dx = scale · dy + slope · (x − mean) + offset`. */
export const propagatingLaunch = (settings: Settings, names: string[]): Launch =>
  coefficientsLaunch(
    settings,
    names,
    (read) => `
      slope = -scale * r * ${read("DGAMMA")} / count;
      offset = -scale * ${read("DBETA")} / count - slope * meanLow;
    `,
  );

/** Reads the coefficients of the channels of a texel, as GLSL. */
export const readCoefficients: string = `
  vec4 first = ${texel("COEFFICIENTS", "2 * pairOf(unit)")};
  vec4 second = ${texel("COEFFICIENTS", "2 * pairOf(unit) + 1")};
  vec4 mean = spread(first.xy, unit), scale = spread(first.zw, unit);
  vec4 slope = spread(second.xy, unit), offset = spread(second.zw, unit);
`;
