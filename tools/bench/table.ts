import Table from "cli-table3";
import { type Cell, cellsOf, milliseconds } from "./cells.ts";
import { judge, phrase, targetedBy, type Verdict } from "./goals.ts";
import { type Absent, isRow, type Line } from "./row.ts";
import type { Suite } from "./suite.ts";

/** Everything that a run of one suite found, for a screen 120 columns wide. */
export function report(suite: Suite, lines: readonly Line[]): string {
  const cells = cellsOf(lines, suite.name);
  const has = (name: string): boolean =>
    cells.some(({ rows }) => rows.some(({ subject }) => subject === name));
  const columns = [...suite.subjects, "limit"].filter(has);
  const against = targetedBy(suite.name).filter((name) => columns.includes(name));
  return [
    suite.title,
    ...suite.notes.map((note) => `  ${note}`),
    "",
    "Median milliseconds",
    times(suite, cells, columns),
    ...(suite.samples ? speeds(suite, cells, columns, suite.samples) : []),
    ...arrivals(cells),
    ...(against.length && has("ours") ? ["", ...ratios(suite, cells, against)] : []),
    ...absences(lines),
  ].join("\n");
}

function times(suite: Suite, cells: readonly Cell[], columns: readonly string[]): string {
  const body = cells.map(({ op, rows }) => [
    op,
    ...columns.map((name) => {
      const row = rows.find(({ subject }) => subject === name);
      return row ? milliseconds(row.medianMs) : "";
    }),
  ]);
  return grid(["", ...columns], groups(suite, cells, body));
}

/** How many samples everyone trains in a second. */
function speeds(
  suite: Suite,
  cells: readonly Cell[],
  columns: readonly string[],
  samples: number,
): string[] {
  const training = cells.filter(({ op }) => op === "train");
  const body = training.map(({ op, rows }) => [
    op,
    ...columns.map((name) => {
      const row = rows.find(({ subject }) => subject === name);
      return row ? Math.round((1000 * samples) / row.medianMs).toLocaleString("en") : "";
    }),
  ]);
  if (training.length === 0) return [];
  return ["", "Samples a second", grid(["", ...columns], groups(suite, training, body))];
}

/** How far everyone got whose training was to reach an accuracy. */
function arrivals(cells: readonly Cell[]): string[] {
  const rows = cells.flatMap(({ rows }) => rows.filter(({ reached }) => reached !== undefined));
  return rows.map(({ op, subject, reached, medianMs, samples = 0, accuracy = 0 }, i) => {
    const seen = `${samples.toLocaleString("en")} samples, ${(100 * accuracy).toFixed(1)} %`;
    const end = reached ? "reached" : "NOT reached, a lower bound,";
    const line = `${op}: ${subject} ${end} after ${(medianMs / 1000).toFixed(2)} s, ${seen}`;
    return i === 0 ? `\n${line}` : line;
  });
}

function ratios(suite: Suite, cells: readonly Cell[], against: readonly string[]): string[] {
  const verdicts: Verdict[] = [];
  const body = cells.map(({ op, rows }) => [
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
    grid(["", ...against], groups(suite, cells, body), "left"),
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

/** A line for everyone who is missing, and why: from the whole suite, or from some shapes and ops. */
export function absences(lines: readonly Line[]): string[] {
  const absent = lines.filter((line): line is Absent => !isRow(line));
  const groups = Map.groupBy(absent, (line) =>
    line.op ? `${line.subject}: ${line.absent}` : `${line.subject}: absent: ${line.absent}`,
  );
  const named = [...groups].map(([reason, group]) => {
    const ops = Map.groupBy(group, ({ op = "" }) => op);
    const where = [...ops]
      .filter(([op]) => op !== "")
      .map(([op, cells]) => {
        return `${op} on ${cells.map(({ shape }) => shape).join(" ")}`;
      });
    return `  ${reason}${where.length ? ` (${where.join(", ")})` : ""}`;
  });
  return named.length ? ["", "Not measured", ...named] : [];
}

/** Leaves out rows that say nothing, and puts the name of the shape above the others. */
function groups(suite: Suite, cells: readonly Cell[], body: readonly string[][]): TableRow[] {
  const rows = body.map((row, i) => ({ row, shape: (cells[i] as Cell).shape }));
  const telling = rows.filter(({ row: [, ...values] }) => values.some((value) => value !== ""));
  return telling.flatMap(({ row, shape }, i) => {
    if (telling[i - 1]?.shape === shape) return [row];
    const heading = [{ content: suite.describe(shape), colSpan: row.length }];
    return i > 0 ? [row.map(() => ""), heading, row] : [heading, row];
  });
}

type TableRow = (string | { content: string; colSpan: number })[];

/** Columns two spaces apart. */
function grid(
  head: readonly string[],
  body: readonly TableRow[],
  align: "left" | "right" = "right",
): string {
  const lines = ["top", "bottom", "left", "right", "mid"].flatMap((side) =>
    ["", "-mid", "-left", "-right"].map((end) => [`${side}${end}`, ""]),
  );
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, i) => (i === 0 ? "left" : align)),
    chars: { ...Object.fromEntries(lines), middle: "  " },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  table.push(...body);
  const text = table.toString().split("\n");
  return text.map((line) => line.trimEnd()).join("\n");
}
