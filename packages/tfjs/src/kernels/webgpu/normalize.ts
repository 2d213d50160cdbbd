import type { Launch } from "./program.ts";
import type { Settings } from "./settings.ts";
import { elementwiseLaunch } from "./walk.ts";

const before = `
  let mean = COEFFICIENTS[4 * channel];
  let scale = COEFFICIENTS[4 * channel + 1];
  let slope = COEFFICIENTS[4 * channel + 2];
  let offset = COEFFICIENTS[4 * channel + 3];
`;

/** `y = gamma · (x − mean) / √(variance + epsilon) + beta`. */
export const normalizeLaunch = (settings: Settings, names: string[]): Launch =>
  elementwiseLaunch("BatchNormNormalize", settings, names, {
    before,
    each: "setOutputAtIndex(at, scale * (X[at] - mean) + offset);",
  });

/** `dx = gamma · r · (dy − (dbeta + xHat · dgamma) / m)`, through the batch's mean and variance. */
export const trainingDxLaunch = (settings: Settings, names: string[]): Launch =>
  elementwiseLaunch("BatchNormTrainingDx", settings, names, {
    before,
    each: "setOutputAtIndex(at, scale * DY[at] + (slope * (X[at] - mean) + offset));",
  });
