import Table from "cli-table3";
import type { Consumer } from "./check.ts";

/** How a check ended; null when it was not tried. */
export interface Result {
  readonly consumer: string;
  readonly check: string;
  readonly passed: boolean | null;
}

const marks = { true: "✓", false: "✗", null: "–" } as const;

/** A table for each kind of consumer: those with the same checks. */
export function report(consumers: readonly Consumer[], results: readonly Result[]): string {
  const kinds = new Map<string, Consumer[]>();
  for (const consumer of consumers) {
    const kind = consumer.checks[1]?.name ?? "";
    kinds.set(kind, [...(kinds.get(kind) ?? []), consumer]);
  }
  return [...kinds.values()].map((alike) => table(alike, results)).join("\n");
}

function table(consumers: readonly Consumer[], results: readonly Result[]): string {
  const checks = [...new Set(consumers.flatMap(({ checks }) => checks.map(({ name }) => name)))];
  const head = ["", ...checks.map((name) => name.replace(" ", "\n"))];
  const grid = new Table({ head, style: { head: [], border: [] } });
  for (const { name } of consumers) {
    const cells = checks.map((check) => {
      const found = results.find((result) => result.consumer === name && result.check === check);
      return { content: found ? marks[`${found.passed}`] : "", hAlign: "center" } as const;
    });
    grid.push([name, ...cells]);
  }
  return grid.toString();
}
