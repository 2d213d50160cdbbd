import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const folder = join(import.meta.dirname, "types");
const tsc = join(
  dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
  "bin/tsc",
);

/** What tsc says of a user's file, strict and with skipLibCheck off, but of files of brain.js's own. */
function diagnosticsOf(file: string): string[] {
  const options = [
    ...["--ignoreConfig", "--noEmit", "--pretty", "false", "--strict", "--skipLibCheck", "false"],
    ...["--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"],
    ...["--target", "es2022", "--lib", "es2022,dom", "--module", "nodenext"],
    ...["--customConditions", "@batchnorm/source", "--allowImportingTsExtensions"],
    ...["--types", "", join(folder, file)],
  ];
  const { stdout } = spawnSync(process.execPath, [tsc, ...options], { encoding: "utf8" });
  return stdout.split("\n").filter((line) => /error TS/.test(line) && !isOfOthers(line));
}

/** Types that others ship, or lack. */
const isOfOthers = (line: string): boolean => /^[./]*node_modules\//.test(line);

test.each(["v1.ts", "v2.ts"])("%s: no file of the user's or of ours has a diagnostic", (file) => {
  expect(diagnosticsOf(file)).toEqual([]);
});

test("a mistake would be seen", () => {
  expect(diagnosticsOf("mistake.ts")).toHaveLength(1);
});
