// Tests the package in the current directory: `node ../../tools/test.ts [--browser | --coverage]`.
// Each run leaves test-reports/*.json there, from which `.ci/run` sums its closing line.
import { spawnSync } from "node:child_process";
import { basename, dirname, resolve } from "node:path";
import { parseArgs } from "node:util";

const { browser, coverage } = parseArgs({
  options: { browser: { type: "boolean" }, coverage: { type: "boolean" } },
}).values;
const project = `${basename(process.cwd())}${browser ? ":browser" : ""}`;
const report = resolve("test-reports", browser ? "browser.json" : "node.json");
const output = coverage
  ? ["--coverage"]
  : ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];

const { status } = spawnSync("vitest", ["run", "--project", project, ...output], {
  cwd: dirname(import.meta.dirname),
  stdio: "inherit",
});
process.exit(status ?? 1);
