import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { setBackend } from "@tensorflow/tfjs-core";
import { SingleBar } from "cli-progress";
import { type Program, readOptions, UsageError, usageOf } from "./options.ts";

/** Runs a program by its command line on the wasm backend; a wrong argument costs one line and code 2. */
export async function runProgram(
  program: Program,
  run: (samples: number, seed: number) => Promise<void>,
): Promise<void> {
  try {
    const { samples, seed, help } = readOptions(process.argv.slice(2), program);
    if (help) {
      console.log(usageOf(program));
      return;
    }
    const resolve = createRequire(import.meta.url).resolve;
    setWasmPaths(dirname(resolve("@tensorflow/tfjs-backend-wasm")) + sep);
    await setBackend("wasm");
    await run(samples, seed);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}

/** Shows how far some training has come while it runs. */
export async function withProgress<T>(
  name: string,
  total: number,
  train: (onStep: (seen: number) => void) => Promise<T>,
): Promise<T> {
  const bar = new SingleBar({ format: "{bar} {percentage} % {name}", clearOnComplete: true });
  bar.start(total, 0, { name });
  try {
    return await train((seen) => bar.update(seen));
  } finally {
    bar.stop();
  }
}
