import type { Given } from "../graphics.ts";
import { elementwiseLaunch, perChannel, perChannelLaunch } from "./pass-program.ts";
import { type Launch, texel } from "./program.ts";
import type { Settings } from "./settings.ts";
import { sumLaunch, totals } from "./sums.ts";

/** `Σ dy` and `Σ dy · (x − mean)`. */
export const gradientSumsLaunch = (settings: Settings, given: Given): Launch =>
  sumLaunch("BatchNormGradientSums", settings, "all", {
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
export const dbetaLaunch = (settings: Settings): Launch =>
  perChannelLaunch(
    "BatchNormDbeta",
    ["SUMS"],
    settings,
    "setOutput(vec4(totals(pair).xy, 0.0, 0.0));",
    totals,
  );

/** `dgamma = Σ dy · (x − mean) / √(variance + epsilon)`. */
export const dgammaLaunch = (settings: Settings): Launch =>
  perChannelLaunch(
    "BatchNormDgamma",
    ["SUMS", "VARIANCE"],
    settings,
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
export const inferenceDxLaunch = (settings: Settings, given: Given): Launch =>
  elementwiseLaunch(
    "BatchNormInferenceDx",
    ["DY", "VARIANCE", ...(given.gamma ? ["GAMMA"] : [])],
    settings,
    `
      ${scale(given)}
      setOutput(scale * ${texel("DY", "at")});
    `,
  );
