import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";

const packages = new URL("../../", import.meta.url);
const documents = [
  "../README.md",
  "core/README.md",
  "kernels/README.md",
  "minibatch/README.md",
  "synaptic/README.md",
  "brain/README.md",
  "tfjs/README.md",
  "conformance/README.md",
  "../docs/brain.md",
  "../docs/conventions.md",
  "../docs/tfjs.md",
  "../docs/synaptic.md",
  "../UPGRADING.md",
];

/** The JavaScript of a document, and what the text block after each says it prints. */
function examples(document: string): { code: string; printed: string }[] {
  const text = readFileSync(new URL(document, packages), "utf8");
  const blocks = text.matchAll(/```js\n(.*?)```\n+prints\n+```text\n(.*?)```/gs);
  return Array.from(blocks, ([, code, printed]) => ({
    code: code as string,
    printed: printed as string,
  }));
}

const cases = documents.flatMap((document) =>
  examples(document).map((example) => ({ document, ...example })),
);

test("every document has an example that prints something", () => {
  expect(new Set(cases.map(({ document }) => document))).toEqual(new Set(documents));
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
