import { type Program, program, texel } from "./program.ts";
import type { Texels } from "./texels.ts";

/** Which inputs there are beside those that there always are. */
export interface Given {
  readonly gamma: boolean;
  readonly beta?: boolean;
  /** Whether the mean comes in two parts. */
  readonly meanLow: boolean;
}

/**
 * What a program of x's shape needs to know of a channel, in two texels for two channels:
 * `(mean, mean, scale, scale)` and `(slope, slope, offset, offset)`. Without it each texel of x would
 * cost up to eight more to be read.
 */
function coefficientsProgram(
  name: string,
  variableNames: string[],
  texels: Texels,
  { gamma, meanLow }: Given,
  rest: string,
): Program {
  const of = (name: string): string => `${texel(name, "pair")}.xy`;
  return program(
    name,
    [
      ...["MEAN", "VARIANCE", ...(meanLow ? ["MEANLOW"] : []), ...(gamma ? ["GAMMA"] : [])],
      ...variableNames,
    ],
    [2, 4 * texels.pairs],
    texels,
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
export const normalizingProgram = (texels: Texels, given: Given): Program =>
  coefficientsProgram(
    "BatchNormNormalizing",
    given.beta ? ["BETA"] : [],
    texels,
    given,
    `offset = ${given.beta ? `${texel("BETA", "pair")}.xy` : "0.0"} - meanLow * scale;`,
  );

/** For `dx = scale · dy + slope · (x − mean) + offset`. */
export const propagatingProgram = (texels: Texels, given: Given): Program =>
  coefficientsProgram(
    "BatchNormPropagating",
    ["DGAMMA", "DBETA"],
    texels,
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
