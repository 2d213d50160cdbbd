import { expect, test } from "vitest";
import { readJobOptions } from "../src/job-options.ts";
import { drawAccuracy } from "../src/report/accuracy.ts";
import { pageOf } from "../src/report/page.ts";
import { svgFile } from "../src/report/plot.ts";
import { comparisonOf, tableOf } from "../src/table.ts";
import { findings } from "./findings.ts";

const { runs, options } = findings;

test("the table says how runs ended, and leaves out what the clock decided", () => {
  const { rows } = comparisonOf(runs, options);
  expect(rows[0]).toEqual([
    ...["TensorFlow.js", "without", "1", "10.0 %", "10.0 %", "–", "–", "–", "–"],
    "by the cap, 20 s, 10.0 %",
  ]);
  expect(rows[1]).toEqual([
    ...["TensorFlow.js", "with", "60", "68.0 %", "77.0 %", "86.0 %", "95.0 %", "6,000", "0.40"],
    "at 6,000",
  ]);
  const stopped = [{ ...runs[1], end: "goal" as const }] as typeof runs;
  expect(comparisonOf(stopped, options).rows[0]?.at(-1)).toBe("at 95 %");
  expect(tableOf(comparisonOf(runs, options))).toMatch(/│ synaptic +│ with +│ +60 │/);
});

test("the report needs nothing else, and takes no text for markup", () => {
  const page = pageOf(findings);
  expect(page).not.toMatch(/<script|<link[^>]*href="(?!data:)|src=|@import|url\(/);
  expect(page).toContain("A &lt;processor>");
  expect(page).toContain("npm start -- --samples 6000 --seed 1");
  expect(page).toContain("npm start -- --host tfjs --samples 6000 --seed 1");
});

test("a host alone has the pictures that it can have", () => {
  const only = readJobOptions(["--host", "brain"]);
  const page = pageOf({
    ...findings,
    options: only,
    runs: runs.filter(({ host }) => host === "brain"),
    spreads: [],
    studies: { rates: null, starts: null, journey: null },
  });
  expect([...page.matchAll(/<figure id="(\w+)"/g)].map(([, id]) => id)).toEqual([
    "accuracy",
    "seconds",
  ]);
});

test("the README's picture brings its colours for bright and dark pages", () => {
  const svg = svgFile(drawAccuracy(findings, 828));
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  expect(svg).toContain("prefers-color-scheme: dark");
});
