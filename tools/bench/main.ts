// Times what the packages do beside what others do: `npm run bench -- --help`.
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { type Options, OptionsError, parseOptions, usage } from "./options.ts";
import type { Line } from "./row.ts";
import { suites } from "./suites.ts";
import { report } from "./table.ts";

const options = optionsOrExit();
if (options.help) {
  console.log(usage(suites));
} else {
  await bench(options);
}

async function bench({ suites, json, ...selection }: Options): Promise<void> {
  // On stderr, so that the tables alone can be sent to a file.
  const say = (text: string): void => console.error(`· ${text}`);
  const lines: Line[] = [];
  for (const suite of suites) {
    const found = await suite.run({ ...selection, say });
    lines.push(...found);
    if (json) writeFileSync(json, `${JSON.stringify(lines, null, 2)}\n`);
    console.log(`\n${report(suite, found)}\n`);
  }
  const [{ model } = { model: "unknown processor" }] = cpus();
  const machine = `${model}, ${cpus().length} cores, Node ${process.version}`;
  console.log(`${machine}; rounds: ${selection.rounds}`);
  if (json) console.log(`written to ${json}`);
}

function optionsOrExit(): Options {
  try {
    return parseOptions(process.argv.slice(2), suites);
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    console.error(`${error.message}\n\n${usage(suites)}`);
    process.exit(2);
  }
}
