import { readCoefficients } from "./coefficients.ts";
import { elementwiseProgram, type Program, texel } from "./program.ts";
import type { Texels } from "./texels.ts";

/** `y = gamma · (x − mean) / √(variance + epsilon) + beta`. */
export const normalizeProgram = (texels: Texels): Program =>
  elementwiseProgram(
    "BatchNormNormalize",
    ["X", "COEFFICIENTS"],
    texels,
    `
      ${readCoefficients}
      setOutput(scale * (${texel("X", "at")} - mean) + offset);
    `,
  );

/** `dx = gamma · r · (dy − (dbeta + xHat · dgamma) / m)`, through the batch's mean and variance. */
export const trainingDxProgram = (texels: Texels): Program =>
  elementwiseProgram(
    "BatchNormTrainingDx",
    ["DY", "X", "COEFFICIENTS"],
    texels,
    `
      ${readCoefficients}
      setOutput(scale * ${texel("DY", "at")} + (slope * (${texel("X", "at")} - mean) + offset));
    `,
  );
