import { elementwiseProgram, type Program, perChannel, texel } from "./program.ts";
import type { Texels } from "./texels.ts";

/** Which inputs there are beside those that there always are. */
export interface Given {
  readonly gamma: boolean;
  readonly beta?: boolean;
  /** Whether the mean comes in two parts. */
  readonly meanLow: boolean;
}

/** x without its mean, as GLSL. */
export const centered = ({ meanLow }: Given): string =>
  `${texel("X", "at")} - ${perChannel("MEAN")}${meanLow ? ` - ${perChannel("MEANLOW")}` : ""}`;

/** `y = gamma · (x − mean) / √(variance + epsilon) + beta`. */
export function normalizeProgram(texels: Texels, given: Given): Program {
  const { gamma, beta, meanLow } = given;
  const variableNames = [
    ...["X", "MEAN", "VARIANCE"],
    ...(meanLow ? ["MEANLOW"] : []),
    ...(gamma ? ["GAMMA"] : []),
    ...(beta ? ["BETA"] : []),
  ];
  return elementwiseProgram(
    "BatchNormNormalize",
    variableNames,
    texels,
    `
      vec4 scale = ${gamma ? perChannel("GAMMA") : "vec4(1.0)"} / sqrt(${perChannel("VARIANCE")} + epsilon);
      setOutput((${centered(given)}) * scale${beta ? ` + ${perChannel("BETA")}` : ""});
    `,
  );
}
