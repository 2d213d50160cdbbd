import type { Launch, Settings } from "./program.ts";
import { elementwiseLaunch } from "./walk.ts";

/** Which inputs there are beside those that there always are. */
export interface Given {
  readonly gamma: boolean;
  readonly beta?: boolean;
  /** Whether the mean comes in two parts. */
  readonly meanLow: boolean;
}

/** Tells the programs of one name apart. */
export const suffix = ({ gamma, beta, meanLow }: Given): string =>
  `${gamma ? "Gamma" : ""}${beta ? "Beta" : ""}${meanLow ? "Low" : ""}`;

/** `y = gamma · (x − mean) / √(variance + epsilon) + beta`. */
export function normalizeLaunch(settings: Settings, given: Given): Launch {
  const { gamma, beta, meanLow } = given;
  const variableNames = [
    ...["X", "MEAN", "VARIANCE"],
    ...(meanLow ? ["MEANLOW"] : []),
    ...(gamma ? ["GAMMA"] : []),
    ...(beta ? ["BETA"] : []),
  ];
  return elementwiseLaunch(`BatchNormNormalize${suffix(given)}`, variableNames, settings, {
    before: `
        let mean = MEAN[channel];
        let meanLow = ${meanLow ? "MEANLOW[channel]" : "0.0"};
        let scale = ${gamma ? "GAMMA[channel]" : "1.0"} / sqrt(VARIANCE[channel] + uniforms.epsilon);
        let offset = ${beta ? "BETA[channel]" : "0.0"};
      `,
    each: "setOutputAtIndex(at, (X[at] - mean - meanLow) * scale + offset);",
  });
}
