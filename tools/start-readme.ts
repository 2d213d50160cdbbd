// Runs the main job, and puts its table and its first picture into README.md: `npm run start:readme`.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runJob } from "../packages/examples/src/job.ts";
import { readJobOptions } from "../packages/examples/src/job-options.ts";
import { nameOf } from "../packages/examples/src/machine.ts";
import { drawAccuracy } from "../packages/examples/src/report/accuracy.ts";
import { svgFile } from "../packages/examples/src/report/plot.ts";
import { comparisonOf, tableOf } from "../packages/examples/src/table.ts";
import { replaceBetween } from "./bench/markdown.ts";

const root = join(import.meta.dirname, "..");
const picture = "docs/main-job.svg";
const options = readJobOptions(process.argv.slice(2));
const { findings } = await runJob(options);
writeFileSync(join(root, picture), svgFile(drawAccuracy(findings, 828)));
const text = [
  `![Test accuracy against training samples seen, with Batch Normalization and without, in three hosts](${picture})`,
  "",
  "```text",
  tableOf(comparisonOf(findings.runs, options)),
  "```",
  "",
  `On ${nameOf(findings.machine)}; \`npm run start:readme\` makes picture and table anew.`,
].join("\n");
const page = join(root, "README.md");
writeFileSync(page, replaceBetween(readFileSync(page, "utf8"), "main-job", text));
