import { type Given, suffix } from "./normalize.ts";
import { type Launch, launchOf, perChannelLaunch, type Settings } from "./program.ts";
import { sumLaunch, totals } from "./sums.ts";
import { elementwiseLaunch } from "./walk.ts";

/** `Σ dy` and `Σ dy · (x − mean)`. */
export const gradientSumsLaunch = (settings: Settings, given: Given): Launch =>
  sumLaunch(`BatchNormGradientSums${suffix(given)}`, settings, "all", {
    variableNames: ["DY", "X", "MEAN", ...(given.meanLow ? ["MEANLOW"] : [])],
    before: `
      let mean = MEAN[channel];
      let meanLow = ${given.meanLow ? "MEANLOW[channel]" : "0.0"};
    `,
    each: "let first = DY[at]; let second = first * (X[at] - mean - meanLow);",
  });

/** `dbeta = Σ dy`. */
export const dbetaLaunch = (settings: Settings): Launch =>
  perChannelLaunch(
    "BatchNormDbeta",
    ["SUMS4"],
    settings,
    "setOutputAtIndex(channel, totals(channel).x);",
    totals,
  );

const r = "1.0 / sqrt(VARIANCE[channel] + uniforms.epsilon)";

/** `dgamma = Σ dy · (x − mean) / √(variance + epsilon)`. */
export const dgammaLaunch = (settings: Settings): Launch =>
  perChannelLaunch(
    "BatchNormDgamma",
    ["SUMS4", "VARIANCE"],
    settings,
    `setOutputAtIndex(channel, totals(channel).y * (${r}));`,
    totals,
  );

/**
 * What dx is made of in each channel: `(mean, scale, slope, offset)`, so that
 * `dx = scale · dy + slope · (x − mean) + offset`. A program may read no more than seven tensors,
 * and dx depends on eight.
 */
export const coefficientsLaunch = (settings: Settings, given: Given): Launch =>
  launchOf(
    `BatchNormCoefficients${suffix(given)}`,
    ["MEAN", "MEANLOW", "VARIANCE", "DGAMMA", "DBETA", ...(given.gamma ? ["GAMMA"] : [])],
    { threads: settings.channels, outputs: 4 * settings.channels },
    `
      let channel = index;
      let r = ${r};
      let scale = ${given.gamma ? "GAMMA[channel] * r" : "r"};
      let share = scale / f32(uniforms.count);
      let slope = -share * r * DGAMMA[channel];
      setOutputAtIndex(4 * index, MEAN[channel]);
      setOutputAtIndex(4 * index + 1, scale);
      setOutputAtIndex(4 * index + 2, slope);
      setOutputAtIndex(4 * index + 3, -share * DBETA[channel] - slope * MEANLOW[channel]);
    `,
  );

/** `dx = gamma · r · (dy − (dbeta + xHat · dgamma) / m)`, through the batch's mean and variance. */
export const trainingDxLaunch = (settings: Settings): Launch =>
  elementwiseLaunch("BatchNormTrainingDx", ["DY", "X", "COEFFICIENTS4"], settings, {
    before: "let c = COEFFICIENTS4[channel];",
    each: "setOutputAtIndex(at, c.y * DY[at] + (c.z * (X[at] - c.x) + c.w));",
  });

/** `dx = gamma · r · dy`, with statistics that are constants. */
export const inferenceDxLaunch = (settings: Settings, given: Given): Launch =>
  elementwiseLaunch(
    `BatchNormInferenceDx${suffix(given)}`,
    ["DY", "VARIANCE", ...(given.gamma ? ["GAMMA"] : [])],
    settings,
    {
      before: `let scale = ${given.gamma ? "GAMMA[channel] * " : ""}(${r});`,
      each: "setOutputAtIndex(at, scale * DY[at]);",
    },
  );
