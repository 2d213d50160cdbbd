import { relative } from "node:path";
import { runJob } from "./job.ts";
import { readJobOptions, usage } from "./job-options.ts";
import { inOneLine } from "./program.ts";
import { comparisonOf, tableOf } from "./table.ts";

await inOneLine(async () => {
  const options = readJobOptions(process.argv.slice(2));
  if (options.help) {
    console.log(usage);
    return;
  }
  const { findings, page } = await runJob(options);
  console.log(tableOf(comparisonOf(findings.runs, options)));
  console.log(`In pictures: ${relative(process.cwd(), page)}`);
});
