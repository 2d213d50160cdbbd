// Sums the test reports of this repository into one line, `N passed, N failed`.
// Plain JavaScript, so that the machine's own Node can run it even when the install has failed.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const packages = readdirSync(join(root, "packages")).map((name) => join("packages", name));
const folders = ["tools", ...packages].map((name) => join(root, name, "test-reports"));
const reports = folders
  .filter((folder) => existsSync(folder))
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  .map((file) => JSON.parse(readFileSync(file, "utf8")));

const sum = (count) => reports.reduce((total, report) => total + count(report), 0);
const passed = sum((report) => report.numPassedTests);
// A file that could not be loaded has no test that failed, and counts as one.
const failed = sum((report) => report.numFailedTests + report.testResults.filter(unloaded).length);
console.log(`${passed} passed, ${failed} failed`);

function unloaded({ status, assertionResults }) {
  return status === "failed" && assertionResults.length === 0;
}
