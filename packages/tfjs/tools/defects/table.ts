import Table from "cli-table3";
import type { Finding, Seen } from "./defect.ts";

const head = ["what", "issue", "stock 4.22", "ours"];
const mark = ({ right, what }: Seen): string => `${right ? "✓" : "✗"} ${what}`;

/** For a screen 120 columns wide. */
export function screen(findings: readonly Finding[]): string {
  const table = new Table({
    head,
    colWidths: [32, 9, 42, 32],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  for (const { defect, stock, ours } of findings) {
    const issues = defect.issues.map((issue) => `#${issue}`).join(" ");
    table.push([defect.behaviour.replaceAll("`", ""), issues, mark(stock), mark(ours)]);
  }
  return table.toString();
}

/** For a document. */
export function markdown(findings: readonly Finding[]): string {
  const link = (issue: string): string =>
    `[#${issue}](https://github.com/tensorflow/tfjs/issues/${issue})`;
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rows = findings.map(({ defect, stock, ours }) =>
    row([defect.behaviour, defect.issues.map(link).join(" "), mark(stock), mark(ours)]),
  );
  return [row(head), "|---|---|---|---|", ...rows].join("\n");
}
