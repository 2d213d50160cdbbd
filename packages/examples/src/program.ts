import { SingleBar } from "cli-progress";
import { useWasm } from "./hosts/tfjs.ts";
import { type Program, readOptions, UsageError, usageOf } from "./options.ts";

/** Runs a program by its command line on the wasm backend. */
export const runProgram = (
  program: Program,
  run: (samples: number, seed: number) => Promise<void>,
): Promise<void> =>
  inOneLine(async () => {
    const { samples, seed, help } = readOptions(process.argv.slice(2), program);
    if (help) {
      console.log(usageOf(program));
      return;
    }
    await useWasm();
    await run(samples, seed);
  });

/** What was asked for wrongly costs one line and code 2. */
export async function inOneLine(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}

/** Shows on a terminal how far something has come while it runs, and says in a line elsewhere what came of it. */
export async function withProgress<T>(
  name: string,
  total: number,
  work: (onStep: (done: number) => void) => Promise<T>,
  outcome: (result: T) => string = () => "done",
): Promise<T> {
  const bar = new SingleBar({ format: "{bar} {percentage} % {name}", clearOnComplete: true });
  bar.start(total, 0, { name });
  try {
    const result = await work((done) => bar.update(done));
    if (!process.stderr.isTTY) console.error(`${name}: ${outcome(result)}`);
    return result;
  } finally {
    bar.stop();
  }
}
