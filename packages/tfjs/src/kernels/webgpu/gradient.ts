import { r } from "./coefficients.ts";
import { perChannel, perChannelLaunch } from "./pass-program.ts";
import type { Launch } from "./program.ts";
import type { Settings } from "./settings.ts";
import { sumLaunch, totals } from "./sums.ts";
import { elementwiseLaunch } from "./walk.ts";

/** `Σ dy` and `Σ dy · (x − mean)`. */
export const gradientSumsLaunch = (settings: Settings, names: string[]): Launch =>
  sumLaunch("BatchNormGradientSums", settings, names, "all", {
    before: `
      let mean = MEAN[channel];
      let meanLow = ${perChannel("MEANLOW", names)};
    `,
    each: "let first = DY[at]; let second = first * (X[at] - mean - meanLow);",
  });

/** `dbeta = Σ dy`. */
export const dbetaLaunch = (settings: Settings, names: string[]): Launch =>
  perChannelLaunch(
    "BatchNormDbeta",
    settings,
    names,
    "setOutputAtIndex(channel, totals(channel).first);",
    totals,
  );

/** `dgamma = Σ dy · (x − mean) / √(variance + epsilon)`. */
export const dgammaLaunch = (settings: Settings, names: string[]): Launch =>
  perChannelLaunch(
    "BatchNormDgamma",
    settings,
    names,
    `setOutputAtIndex(channel, totals(channel).second * (${r}));`,
    totals,
  );

/** `dx = gamma · r · dy`, with statistics that are constants. */
export const inferenceDxLaunch = (settings: Settings, names: string[]): Launch =>
  elementwiseLaunch("BatchNormInferenceDx", settings, names, {
    before: `let scale = ${perChannel("GAMMA", names, "1.0")} * (${r});`,
    each: "setOutputAtIndex(at, scale * DY[at]);",
  });
