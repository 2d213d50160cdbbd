import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const data = new URL("../data/", import.meta.url);
const readme = readFileSync(new URL("README.md", data), "utf8");
const files = readdirSync(data).filter((file) => file.endsWith(".json"));

interface Sourced {
  readonly source: string;
}

test("there are golden files", () => {
  expect(files.length).toBeGreaterThan(5);
});

test.each(files)("%s is attributed as it says itself, with a licence", (file) => {
  const golden: Sourced & { cases: Sourced[] } = JSON.parse(
    readFileSync(new URL(file, data), "utf8"),
  );
  const row = readme.split("\n").find((line) => line.startsWith(`| ${file} |`)) ?? "";
  const [, , cases, source, licence] = row.split("|").map((cell) => cell.trim());
  expect(source).toBe(golden.source);
  expect(Number(cases)).toBe(golden.cases.length);
  expect(licence).toMatch(/Apache-2\.0|BSD-3-Clause|MIT|public domain|none needed/);
});

test.each(files)("repositories that single cases of %s name are named", (file) => {
  const { cases }: { cases: Sourced[] } = JSON.parse(readFileSync(new URL(file, data), "utf8"));
  for (const { source } of cases) {
    for (const [repository] of source.matchAll(/\b[\w-]+\/[\w-]+(?=[@#]|\s+\w+\/)[@#]?\w*/g)) {
      expect(readme).toContain(repository);
    }
  }
});
