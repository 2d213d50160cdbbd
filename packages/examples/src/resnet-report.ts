import type { LayerFinding } from "@batchnorm/tfjs";
import { percent } from "./percent.ts";
import type { ResnetResult } from "./resnet.ts";
import { plainTable } from "./table.ts";

/** The stages one below the other, and what was found, as text. */
export function resnetReport({ stages, findings, difference, seconds }: ResnetResult): string {
  const table = plainTable(["after", "test accuracy", "layers", "parameters"]);
  for (const { name, accuracy, layers, parameters } of stages) {
    table.push([name, percent(accuracy), layers, parameters.toLocaleString("en")]);
  }
  const [trained, recalibrated] = findings;
  return [
    "A residual network on the digits",
    table.toString(),
    `trained in ${seconds.toFixed(1)} s; folding changed no probability by more than ${difference.toExponential(0)}`,
    `wrong after training:${listed(trained)}`,
    `wrong after recalibration:${listed(recalibrated)}`,
  ].join("\n");
}

/** One line a problem, with the first layer that has it. */
function listed(findings: readonly LayerFinding[]): string {
  const problems = [...new Set(findings.map(({ problem }) => problem))];
  const lines = problems.map((problem) => {
    const having = findings.filter((finding) => finding.problem === problem);
    const [{ layer, message, advice }] = having as [LayerFinding];
    return `\n  ${having.length} × ${problem}, as in ${layer}, ${message}: ${advice}`;
  });
  return lines.join("") || " nothing";
}
