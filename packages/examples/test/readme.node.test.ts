import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";

const root = new URL("../../../", import.meta.url);
const namesIn = (folder: string): string[] => readdirSync(new URL(folder, root)).sort();
const read = (file: string): string => readFileSync(new URL(file, root), "utf8");

const packages = namesIn("packages/").filter(
  (name) => !JSON.parse(read(`packages/${name}/package.json`)).private,
);
/** What a program uses; conformance is used by tests. */
const used = packages.filter((name) => name !== "conformance");
/** What must show the product at work. */
const readmes = ["README.md", ...packages.map((name) => `packages/${name}/README.md`)];
const pages = namesIn("docs/").filter((name) => name.endsWith(".md"));
const documents = [...readmes, ...pages.map((name) => `docs/${name}`), "UPGRADING.md"];

/** The JavaScript of a document, and what the text block after each says it prints. */
function examples(document: string): { code: string; printed: string }[] {
  const blocks = read(document).matchAll(/```js\n(.*?)```\n+prints\n+```text\n(.*?)```/gs);
  return Array.from(blocks, ([, code, printed]) => ({
    code: code as string,
    printed: printed as string,
  }));
}

const cases = documents.flatMap((document) =>
  examples(document).map((example) => ({ document, ...example })),
);

test.each(readmes)("%s has an example that prints something", (readme) => {
  expect(examples(readme).length).toBeGreaterThan(0);
});

test.each(used)("the README of %s has the sections that one looks for", (name) => {
  const headings = read(`packages/${name}/README.md`)
    .match(/^##+ .+$/gm)
    ?.join("\n");
  expect(headings).toMatch(/^## Options/m);
  expect(headings).toMatch(/^##+ Save and load/m);
  expect(headings).toMatch(/^## What to know$|^## Limits$/m);
  expect(headings).toMatch(/^## On a page without a bundler$/m);
  expect(headings).toMatch(/^## Conformance$/m);
});

test.each(documents)("no JavaScript in %s stands there without what it prints", (document) => {
  expect(examples(document)).toHaveLength(read(document).split("```js\n").length - 1);
});

test.each(cases)("the example of $document prints what it says", ({ code, printed }) => {
  // Beside the sources, so that its imports are found as a user's would be.
  const file = new URL(`example-${process.pid}.mjs`, import.meta.url);
  writeFileSync(file, code);
  try {
    const run = execFileSync(process.execPath, ["--conditions=@batchnorm/source", file.pathname], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, FORCE_COLOR: "0" },
    });
    const lines = (text: string): string[] =>
      text
        .trim()
        .split("\n")
        .map((line) => line.trim());
    expect(lines(run)).toEqual(lines(printed));
  } finally {
    rmSync(file);
  }
});
