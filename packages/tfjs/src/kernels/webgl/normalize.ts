import { readCoefficients } from "./coefficients.ts";
import { elementwiseLaunch } from "./pass-program.ts";
import { type Launch, texel } from "./program.ts";
import type { Settings } from "./settings.ts";

/** `y = gamma · (x − mean) / √(variance + epsilon) + beta`. */
export const normalizeLaunch = (settings: Settings, names: string[]): Launch =>
  elementwiseLaunch(
    settings,
    names,
    `
      ${readCoefficients}
      setOutput(scale * (${texel("X", "at")} - mean) + offset);
    `,
  );

/** `dx = gamma · r · (dy − (dbeta + xHat · dgamma) / m)`, through the batch's mean and variance. */
export const trainingDxLaunch = (settings: Settings, names: string[]): Launch =>
  elementwiseLaunch(
    settings,
    names,
    `
      ${readCoefficients}
      setOutput(scale * ${texel("DY", "at")} + (slope * (${texel("X", "at")} - mean) + offset));
    `,
  );
