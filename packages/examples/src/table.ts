import Table from "cli-table3";
import { type HostRun, least } from "./experiment.ts";
import { hosts } from "./hosts/index.ts";
import type { JobOptions } from "./job-options.ts";
import { percent } from "./percent.ts";
import { columns, goal, wholeBatches } from "./run.ts";

/** A table without colours or lines between its rows, its columns to the right. */
export const plainTable = (head: string[], left: readonly number[] = []): Table.Table =>
  new Table({
    head,
    colAligns: head.map((_, i) => (left.includes(i) ? ("left" as const) : ("right" as const))),
    style: { head: [], border: [] },
    chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
  });

/** What the runs came to, as rows of text under a head. */
export interface Comparison {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function comparisonOf(
  runs: readonly HostRun[],
  { samples, batchSize }: Pick<JobOptions, "samples" | "batchSize">,
): Comparison {
  const counts = wholeBatches(columns, samples, batchSize);
  const toGoal = `to ${goal * 100} %`;
  return {
    head: [
      ...["host", "Batch\nNorm.", "step"],
      ...counts.map((count) => count.toLocaleString("en")),
      ...[`samples\n${toGoal}`, `seconds\n${toGoal}`, "stopped"],
    ],
    rows: runs.map((run) => [
      titleOf(run.host),
      run.batchNorm ? "with" : "without",
      `${run.step}`,
      ...counts.map((count) => cell(run, count, batchSize)),
      run.toGoal?.samples.toLocaleString("en") ?? "–",
      run.toGoal?.seconds.toFixed(2) ?? "–",
      endOf(run),
    ]),
  };
}

export function tableOf({ head, rows }: Comparison): string {
  const table = plainTable([...head], [0, 1, head.length - 1]);
  table.push(...rows.map((row) => [...row]));
  return [
    "Test accuracy after so many training samples; a step is of as many",
    table.toString(),
    "– is after the run's end, or never. Seconds are of training alone.",
  ].join("\n");
}

export const titleOf = (name: string): string =>
  hosts.find((host) => host.name === name)?.title ?? name;

/** What a run that the clock stopped came to in the end is left out: it would be another one each time. */
function cell({ points, end }: HostRun, count: number, batchSize: number): string {
  const point = points.find(({ seen }) => seen === count);
  return point && (end !== "cap" || count < least + batchSize) ? percent(point.accuracy) : "–";
}

function endOf({ end, points, seconds }: HostRun): string {
  if (end === "goal") return `at ${goal * 100} %`;
  const { seen = 0, accuracy } = points.at(-1) ?? {};
  if (end === "samples") return `at ${seen.toLocaleString("en")}`;
  return `by the cap, ${seconds.toFixed(0)} s, ${percent(accuracy)}`;
}
