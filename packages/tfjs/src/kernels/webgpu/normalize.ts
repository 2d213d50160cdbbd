import type { Launch } from "./program.ts";
import type { Settings } from "./settings.ts";
import { elementwiseLaunch } from "./walk.ts";

const before = "let c = COEFFICIENTS4[channel];";

/** `y = gamma · (x − mean) / √(variance + epsilon) + beta`. */
export const normalizeLaunch = (settings: Settings): Launch =>
  elementwiseLaunch("BatchNormNormalize", ["X", "COEFFICIENTS4"], settings, {
    before,
    each: "setOutputAtIndex(at, c.y * (X[at] - c.x) + c.w);",
  });

/** `dx = gamma · r · (dy − (dbeta + xHat · dgamma) / m)`, through the batch's mean and variance. */
export const trainingDxLaunch = (settings: Settings): Launch =>
  elementwiseLaunch("BatchNormTrainingDx", ["DY", "X", "COEFFICIENTS4"], settings, {
    before,
    each: "setOutputAtIndex(at, c.y * DY[at] + (c.z * (X[at] - c.x) + c.w));",
  });
