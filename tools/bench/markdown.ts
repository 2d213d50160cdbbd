import { type Cell, cellsOf, milliseconds } from "./cells.ts";
import { judge, phrase, targetedBy } from "./goals.ts";
import type { Line, Row } from "./row.ts";
import type { Suite } from "./suite.ts";
import { absences } from "./table.ts";

/** The tables of a suite for a page: ours ÷ each, with goals, and everyone's times. */
export function tables(suite: Suite, lines: readonly Line[]): string {
  const cells = cellsOf(lines, suite.name);
  const columns = [...suite.subjects, "limit"].filter((name) =>
    cells.some(({ rows }) => rows.some(({ subject }) => subject === name)),
  );
  const against = targetedBy(suite.name).filter((name) => columns.includes(name));
  const ratios = cells.map(({ rows, ...cell }) => [
    ...label(cell),
    range(rows.find(({ subject }) => subject === "ours")),
    ...against.map((name) => {
      const verdict = judge(rows, name);
      return verdict ? phrase(verdict) : "";
    }),
  ]);
  const times = cells.map(({ rows, ...cell }) => [
    ...label(cell),
    ...columns.map((name) => range(rows.find(({ subject }) => subject === name))),
  ]);
  return [
    table(["", "", "ours, ms", ...against.map((name) => `÷ ${name}`)], ratios),
    "",
    "<details><summary>Everyone's milliseconds: median (least–most)</summary>",
    "",
    table(["", "", ...columns], times),
    "",
    "</details>",
    ...absences(lines).map((line) => line.replace(/^ +/, "- ")),
  ].join("\n");
}

/**
 * Puts text between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`.
 *
 * @throws {Error} when the page has no such place.
 */
export function replaceBetween(page: string, name: string, text: string): string {
  const [open, close] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const from = page.indexOf(open);
  const to = page.indexOf(close);
  if (from < 0 || to < from) throw new Error(`the page must have ${open} and ${close}`);
  return `${page.slice(0, from + open.length)}\n\n${text}\n\n${page.slice(to)}`;
}

const label = ({ shape, op }: Pick<Cell, "shape" | "op">): string[] => [shape, op];

const range = (row: Row | undefined): string =>
  row
    ? `${milliseconds(row.medianMs)} (${milliseconds(row.minMs)}–${milliseconds(row.maxMs)})`
    : "";

function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...body.map(line)].join("\n");
}
