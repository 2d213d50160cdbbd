import { elementwiseLaunch, type Launch, type Settings } from "./program.ts";

/** Which inputs there are beside those that there always are. */
export interface Given {
  readonly gamma: boolean;
  readonly beta?: boolean;
  /** Whether the mean comes in two parts. */
  readonly meanLow: boolean;
}

/** x without its mean, as WGSL. */
export const centered = ({ meanLow }: Given): string =>
  `X[index] - MEAN[channel]${meanLow ? " - MEANLOW[channel]" : ""}`;

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
  return elementwiseLaunch(
    `BatchNormNormalize${suffix(given)}`,
    variableNames,
    settings,
    `
      let scale = ${gamma ? "GAMMA[channel]" : "1.0"} / sqrt(VARIANCE[channel] + uniforms.epsilon);
      setOutputAtIndex(index, (${centered(given)}) * scale${beta ? " + BETA[channel]" : ""});
    `,
  );
}
