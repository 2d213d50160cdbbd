import type { Given } from "../graphics.ts";
import { passLaunch } from "./pass-program.ts";
import { type Launch, texel } from "./program.ts";
import type { Settings } from "./settings.ts";

/**
 * What a program of x's shape needs to know of a channel, in two texels for two channels:
 * `(mean, mean, scale, scale)` and `(slope, slope, offset, offset)`. Without it each texel of x would
 * cost up to eight more to be read.
 */
function coefficientsLaunch(
  name: string,
  variableNames: string[],
  settings: Settings,
  { gamma, meanLow }: Given,
  rest: string,
): Launch {
  const of = (name: string): string => `${texel(name, "pair")}.xy`;
  return passLaunch(
    name,
    [
      ...["MEAN", "VARIANCE", ...(meanLow ? ["MEANLOW"] : []), ...(gamma ? ["GAMMA"] : [])],
      ...variableNames,
    ],
    [2, 4 * settings.pairs],
    settings,
    `
      int pair = here() / 2;
      vec2 r = 1.0 / sqrt(${of("VARIANCE")} + epsilon);
      vec2 scale = r${gamma ? ` * ${of("GAMMA")}` : ""};
      vec2 meanLow = ${meanLow ? of("MEANLOW") : "vec2(0.0)"};
      vec2 slope = vec2(0.0), offset = slope;
      ${rest}
      setOutput(here() % 2 == 0 ? vec4(${of("MEAN")}, scale) : vec4(slope, offset));
    `,
  );
}

/** For `y = scale · (x − mean) + offset`. */
export const normalizingLaunch = (settings: Settings, given: Given): Launch =>
  coefficientsLaunch(
    "BatchNormNormalizing",
    given.beta ? ["BETA"] : [],
    settings,
    given,
    `offset = ${given.beta ? `${texel("BETA", "pair")}.xy` : "0.0"} - meanLow * scale;`,
  );

/** For `dx = scale · dy + slope · (x − mean) + offset`. */
export const propagatingLaunch = (settings: Settings, given: Given): Launch =>
  coefficientsLaunch(
    "BatchNormPropagating",
    ["DGAMMA", "DBETA"],
    settings,
    given,
    `
      slope = -scale * r * ${texel("DGAMMA", "pair")}.xy / count;
      offset = -scale * ${texel("DBETA", "pair")}.xy / count - slope * meanLow;
    `,
  );

/** Reads the coefficients of the channels of a texel, as GLSL. */
export const readCoefficients: string = `
  vec4 first = ${texel("COEFFICIENTS", "2 * pairOf(unit)")};
  vec4 second = ${texel("COEFFICIENTS", "2 * pairOf(unit) + 1")};
  vec4 mean = spread(first.xy, unit), scale = spread(first.zw, unit);
  vec4 slope = spread(second.xy, unit), offset = spread(second.zw, unit);
`;
