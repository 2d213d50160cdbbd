import type { Given } from "../graphics.ts";
import { r } from "./coefficients.ts";
import { perChannelLaunch } from "./pass-program.ts";
import type { Launch } from "./program.ts";
import type { Settings } from "./settings.ts";
import { sumLaunch, totals } from "./sums.ts";
import { elementwiseLaunch } from "./walk.ts";

/** `Σ dy` and `Σ dy · (x − mean)`. */
export const gradientSumsLaunch = (settings: Settings, { meanLow }: Given): Launch =>
  sumLaunch(`BatchNormGradientSums${meanLow ? "Low" : ""}`, settings, "all", {
    variableNames: ["DY", "X", "MEAN", ...(meanLow ? ["MEANLOW"] : [])],
    before: `
      let mean = MEAN[channel];
      let meanLow = ${meanLow ? "MEANLOW[channel]" : "T(0.0)"};
    `,
    each: "let first = DY[at]; let second = first * (X[at] - mean - meanLow);",
  });

/** `dbeta = Σ dy`. */
export const dbetaLaunch = (settings: Settings): Launch =>
  perChannelLaunch(
    "BatchNormDbeta",
    ["SUMS"],
    settings,
    "setOutputAtIndex(channel, totals(channel).first);",
    totals,
  );

/** `dgamma = Σ dy · (x − mean) / √(variance + epsilon)`. */
export const dgammaLaunch = (settings: Settings): Launch =>
  perChannelLaunch(
    "BatchNormDgamma",
    ["SUMS", "VARIANCE"],
    settings,
    `setOutputAtIndex(channel, totals(channel).second * (${r}));`,
    totals,
  );

/** `dx = gamma · r · dy`, with statistics that are constants. */
export const inferenceDxLaunch = (settings: Settings, { gamma }: Given): Launch =>
  elementwiseLaunch(
    `BatchNormInferenceDx${gamma ? "Gamma" : ""}`,
    ["DY", "VARIANCE", ...(gamma ? ["GAMMA"] : [])],
    settings,
    {
      before: `let scale = ${gamma ? "GAMMA[channel] * " : ""}(${r});`,
      each: "setOutputAtIndex(at, scale * DY[at]);",
    },
  );
