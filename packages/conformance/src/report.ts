import { type Case, ConformanceError, type Outcome } from "./case.ts";
import type { Deviation } from "./deviations.ts";
import { oneLine } from "./goldens/golden-error.ts";
import type { Feature } from "./subject.ts";

/** What became of all cases of a subject. */
export interface Report {
  readonly subject: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly Failure[];
  /** How many cases were skipped for want of each feature; a case may want several. */
  readonly skippedFor: Readonly<Partial<Record<Feature, number>>>;
  /** Deviations that were applied, and to which cases. */
  readonly deviations: readonly (Deviation & { readonly cases: readonly string[] })[];
}

/** One case that failed. Numbers are text, as JSON knows no NaN. */
export interface Failure {
  readonly id: string;
  readonly clause: string;
  readonly title: string;
  readonly message: string;
  readonly expected: string | null;
  readonly received: string | null;
  /** The largest error, in units of what is allowed; null where it is not about numbers. */
  readonly worst: string | null;
}

/** Counts outcomes. */
export function summarize(subject: string, outcomes: readonly Outcome[]): Report {
  const count = (status: Outcome["status"]): number =>
    outcomes.filter((outcome) => outcome.status === status).length;
  const skippedFor: Partial<Record<Feature, number>> = {};
  for (const { status, detail } of outcomes) {
    if (status !== "skipped" || detail === null || detail instanceof Error) continue;
    for (const feature of detail) skippedFor[feature] = (skippedFor[feature] ?? 0) + 1;
  }
  const deviations = new Map<string, Deviation & { cases: string[] }>();
  for (const { case: test, status } of outcomes) {
    const deviation = deviationOf(test);
    if (!deviation || status === "skipped") continue;
    const known = deviations.get(deviation.id) ?? { ...deviation, cases: [] };
    known.cases.push(test.id);
    deviations.set(deviation.id, known);
  }
  return {
    subject,
    passed: count("passed"),
    failed: count("failed"),
    skipped: count("skipped"),
    failures: outcomes.filter(({ status }) => status === "failed").map(failureOf),
    skippedFor,
    deviations: [...deviations.values()],
  };
}

/** The report in words; its last line is `N passed, N failed, N skipped`. */
export function print(report: Report): string {
  const { passed, failed, skipped, failures, skippedFor, deviations } = report;
  const lines = failures.flatMap(({ title, message, expected, received, worst }) => [
    `FAILED ${title}`,
    ...(expected === null
      ? [`  ${message}`]
      : [`  at        ${message.split(": expected ", 1)[0]}`]),
    ...(expected === null ? [] : [`  expected  ${expected}`, `  received  ${received}`]),
    ...(worst === null ? [] : [`  error     ${worst} × what is allowed`]),
  ]);
  for (const [feature, count] of Object.entries(skippedFor)) {
    lines.push(`skipped for want of ${feature}: ${count}`);
  }
  for (const { clause, id, reason, cases } of deviations) {
    lines.push(`deviation ${id} (${clause}; ${cases.join(", ")}): ${reason}`);
  }
  lines.push(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return lines.map((line) => `${oneLine(line)}\n`).join("");
}

function failureOf({ case: { id, clause, title }, detail }: Outcome): Failure {
  const error = detail as Error;
  const isOurs = error instanceof ConformanceError;
  return {
    id,
    clause,
    title,
    message: isOurs ? error.message : `${error.name}: ${error.message}${thrownAt(error)}`,
    expected: isOurs ? error.expected : null,
    received: isOurs ? error.received : null,
    worst: isOurs && error.worst !== null ? error.worst.toPrecision(3) : null,
  };
}

/** Where a subject's own error came from, as far as its stack tells. */
function thrownAt(error: Error): string {
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  const frame = frames.find((line) => !line.includes("node:"));
  return frame ? ` (${frame.trim()})` : "";
}

/** Golden cases have one, hand-written cases may. */
function deviationOf(test: Case & { deviation?: Deviation | null }): Deviation | null {
  return test.deviation ?? null;
}
