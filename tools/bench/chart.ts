// Puts a run's numbers into docs/performance.md and draws them: `npm run chart -- FILE.json`.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bars } from "./bars.ts";
import { replaceBetween, tables } from "./markdown.ts";
import { isRow, type Line } from "./row.ts";
import { suites } from "./suites.ts";

const docs = join(import.meta.dirname, "../../docs");
const { positionals } = parseArgs({ allowPositionals: true });
const [file] = positionals;
if (file) {
  draw(JSON.parse(readFileSync(file, "utf8")));
} else {
  console.error(
    "npm run chart -- FILE.json, which `npm run bench -- --json FILE.json` has written",
  );
  process.exitCode = 2;
}

function draw(lines: readonly Line[]): void {
  const page = join(docs, "performance.md");
  for (const suite of suites) {
    const rows = lines.filter(isRow).filter((row) => row.suite === suite.name);
    if (rows.length === 0) continue;
    // Bars are multiples of a limit, which not every suite has.
    const limited = rows.some(({ ratioToLimit }) => ratioToLimit !== null);
    if (limited) writeFileSync(join(docs, `${suite.name}.svg`), bars(suite, rows));
    const text = readFileSync(page, "utf8");
    writeFileSync(page, replaceBetween(text, suite.name, tables(suite, lines)));
    const chart = limited ? `docs/${suite.name}.svg and ` : "";
    console.log(`${chart}its tables in docs/performance.md`);
  }
}
