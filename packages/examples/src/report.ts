import Table from "cli-table3";
import type { Result } from "./experiment.ts";

/** A table without colours or lines between its rows, its columns to the right. */
export const plainTable = (head: string[]): Table.Table =>
  new Table({
    head,
    colAligns: head.map(() => "right" as const),
    style: { head: [], border: [] },
    chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
  });

/** The two runs side by side, as text. */
export function report(checkpoints: readonly number[], without: Result, withBN: Result): string {
  const table = plainTable(["training samples seen", "without", "with Batch Normalization"]);
  for (const [i, seen] of checkpoints.entries()) {
    table.push([
      seen.toLocaleString("en"),
      percent(without.accuracies[i]),
      percent(withBN.accuracies[i]),
    ]);
  }
  return [
    "Test accuracy",
    table.toString(),
    reached("without", checkpoints, without),
    reached("with Batch Normalization", checkpoints, withBN),
  ].join("\n");
}

const goal = 0.95;
export const percent = (share: number | undefined): string =>
  `${(100 * (share ?? 0)).toFixed(1)} %`;

function reached(name: string, checkpoints: readonly number[], result: Result): string {
  const at = result.accuracies.findIndex((accuracy) => accuracy >= goal);
  const seen = (checkpoints[at < 0 ? checkpoints.length - 1 : at] as number).toLocaleString("en");
  const what = at < 0 ? `not at ${percent(goal)} after` : `${percent(goal)} reached by`;
  return `${name}: ${what} ${seen} samples; ${result.seconds.toFixed(1)} s in all`;
}
