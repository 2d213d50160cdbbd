// What the packages weigh in an application: minified, after gzip, beside the budgets of each package.
// `npm run size` builds, prints a table and fails where one is exceeded.
import Table from "cli-table3";
import { publicPackages } from "../public-packages.ts";
import { budgetsOf } from "./budgets.ts";
import { measure } from "./measure.ts";

const kilobytes = (bytes: number): string => (bytes / 1000).toFixed(1);
const table = new Table({
  head: ["package", "what is imported", "kB", "limit"],
  colAligns: ["left", "left", "right", "right"],
  style: { head: [], border: [] },
});
let exceeded = 0;
for (const one of publicPackages()) {
  for (const budget of budgetsOf(one)) {
    const bytes = await measure(one, budget);
    const over = bytes > budget.limit * 1000;
    if (over) exceeded++;
    const limit = `${over ? "✗ " : ""}${budget.limit}`;
    table.push([one.name, budget.name, kilobytes(bytes), limit]);
  }
}
console.log(table.toString());
console.log("kB of 1000 bytes, minified, after gzip; peer dependencies never count");
if (exceeded > 0) {
  console.error(`${exceeded} over the limit`);
  process.exitCode = 1;
}
