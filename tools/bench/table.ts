import Table from "cli-table3";
import { type Cell, cellsOf, milliseconds } from "./cells.ts";
import { judge, phrase, type Verdict } from "./goals.ts";
import { type Absent, isRow, type Line } from "./row.ts";
import type { Suite } from "./suite.ts";
import { targets } from "./targets.ts";

/** Everything that a run of one suite found, for a screen 120 columns wide. */
export function report(suite: Suite, lines: readonly Line[]): string {
  const cells = cellsOf(lines, suite.name);
  const has = (name: string): boolean =>
    cells.some(({ rows }) => rows.some(({ subject }) => subject === name));
  const columns = [...suite.subjects, "limit"].filter(has);
  const goals = against(suite, columns);
  return [
    suite.title,
    ...suite.notes.map((note) => `  ${note}`),
    "",
    "Median milliseconds",
    times(cells, columns),
    ...(goals.length && has("ours") ? ["", ...ratios(cells, goals)] : []),
    ...absences(lines),
  ].join("\n");
}

/** What ours is divided by: whoever has a target or a column, the limit first. */
function against(suite: Suite, columns: readonly string[]): string[] {
  const targeted = targets.filter(({ suite: name }) => name === suite.name);
  const names = new Set(targeted.map(({ against }) => against));
  return [...names].filter((name) => columns.includes(name));
}

function times(cells: readonly Cell[], columns: readonly string[]): string {
  const body = cells.map(({ shape, op, rows }) => [
    shape,
    op,
    ...columns.map((name) => {
      const row = rows.find(({ subject }) => subject === name);
      return row ? milliseconds(row.medianMs) : "";
    }),
  ]);
  return grid(["", "", ...columns], body);
}

function ratios(cells: readonly Cell[], against: readonly string[]): string[] {
  const verdicts: Verdict[] = [];
  const body = cells.map(({ shape, op, rows }) => [
    shape,
    op,
    ...against.map((name) => {
      const verdict = judge(rows, name);
      if (verdict) verdicts.push(verdict);
      return verdict ? phrase(verdict) : "";
    }),
  ]);
  const absolute = cells.flatMap(({ rows }) => {
    const verdict = judge(rows, "ms");
    return verdict?.first ? [verdict] : [];
  });
  verdicts.push(...absolute);
  return [
    "Ours ÷ each, median of the rounds; ✓ a goal met, ✗ missed by so much",
    grid(["", "", ...against.map((name) => `÷ ${name}`)], body, "left"),
    ...absolute.map(({ row, ratio, first }) => {
      const mark = first?.met ? "✓" : "✗";
      return `${row.op}: ${milliseconds(ratio)} ms ${mark}${first?.goal} ms`;
    }),
    `first goals met: ${tally(verdicts, "first")}; second: ${tally(verdicts, "second")}`,
  ];
}

function tally(verdicts: readonly Verdict[], which: "first" | "second"): string {
  const goals = verdicts.flatMap((verdict) => verdict[which] ?? []);
  return `${goals.filter(({ met }) => met).length} of ${goals.length}`;
}

/** A line for everyone who is missing, and why. */
function absences(lines: readonly Line[]): string[] {
  const absent = lines.filter((line): line is Absent => !isRow(line));
  const reasons = Map.groupBy(absent, ({ subject, absent }) => `${subject}: absent: ${absent}`);
  const named = [...reasons].map(([reason, cells]) => {
    const where = cells.flatMap(({ shape, op }) => (shape ? [`${shape} ${op}`] : []));
    return `  ${reason}${where.length ? ` (${where.join(", ")})` : ""}`;
  });
  return named.length ? ["", "Not measured", ...named] : [];
}

/** Columns two spaces apart, a rule under the head, an empty line between shapes. */
function grid(
  head: readonly string[],
  body: readonly (readonly string[])[],
  align: "left" | "right" = "right",
): string {
  const none = ["top", "bottom", "left", "right", "mid", "middle"].flatMap((side) =>
    ["", "-mid", "-left", "-right"].map((end) => [`${side}${end}`, ""]),
  );
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, i) => (i < 2 ? "left" : align)),
    chars: { ...Object.fromEntries(none), middle: "  " },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  for (const [i, row] of body.entries()) {
    const [shape, ...rest] = row;
    const same = i > 0 && body[i - 1]?.[0] === shape;
    if (i > 0 && !same) table.push(head.map(() => ""));
    table.push([same ? "" : (shape as string), ...rest]);
  }
  return table
    .toString()
    .split("\n")
    .map((line) => `  ${line.trimEnd()}`.trimEnd())
    .join("\n");
}
