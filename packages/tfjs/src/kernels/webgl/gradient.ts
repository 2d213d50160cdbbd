import type { Given } from "./coefficients.ts";
import {
  elementwiseProgram,
  type Program,
  perChannel,
  perChannelProgram,
  texel,
} from "./program.ts";
import { sumProgram, totals } from "./sums.ts";
import type { Texels } from "./texels.ts";

/** `Σ dy` and `Σ dy · (x − mean)`. */
export const gradientSumsProgram = (texels: Texels, groups: number, given: Given): Program =>
  sumProgram("BatchNormGradientSums", texels, groups, "all", {
    variableNames: ["DY", "X", "MEAN", ...(given.meanLow ? ["MEANLOW"] : [])],
    once: `
      vec4 mean = ${perChannel("MEAN")};
      vec4 meanLow = ${given.meanLow ? perChannel("MEANLOW") : "vec4(0.0)"};
    `,
    each: `
      vec4 first = ${texel("DY", "at")};
      vec4 second = first * (${texel("X", "at")} - mean - meanLow);
    `,
  });

/** `dbeta = Σ dy`. */
export const dbetaProgram = (texels: Texels): Program =>
  perChannelProgram(
    "BatchNormDbeta",
    ["SUMS"],
    texels,
    "setOutput(vec4(totals(pair).xy, 0.0, 0.0));",
    totals,
  );

/** `dgamma = Σ dy · (x − mean) / √(variance + epsilon)`. */
export const dgammaProgram = (texels: Texels): Program =>
  perChannelProgram(
    "BatchNormDgamma",
    ["SUMS", "VARIANCE"],
    texels,
    `
      vec2 variance = ${texel("VARIANCE", "pair")}.xy;
      setOutput(vec4(totals(pair).zw / sqrt(variance + epsilon), 0.0, 0.0));
    `,
    totals,
  );

const scale = ({ gamma }: Given): string => `
  vec4 r = 1.0 / sqrt(${perChannel("VARIANCE")} + epsilon);
  vec4 scale = r${gamma ? ` * ${perChannel("GAMMA")}` : ""};
`;

/** `dx = gamma · r · dy`, with statistics that are constants. */
export const inferenceDxProgram = (texels: Texels, given: Given): Program =>
  elementwiseProgram(
    "BatchNormInferenceDx",
    ["DY", "VARIANCE", ...(given.gamma ? ["GAMMA"] : [])],
    texels,
    `
      ${scale(given)}
      setOutput(scale * ${texel("DY", "at")});
    `,
  );
