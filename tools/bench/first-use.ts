import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Row } from "./row.ts";
import { summary } from "./statistics.ts";
import { nodeWorker } from "./subjects.ts";

/**
 * What a program waits for when it first needs the kernels: `first-use`, decode, compile and
 * instantiate; `first-forward`, the first forward on shape E after that. A fresh process each time.
 */
export const firstUseOps = ["first-use", "first-forward"] as const;

const execute = promisify(execFile);

export async function firstUse(
  suite: string,
  ops: readonly string[],
  rounds: number,
): Promise<Row[]> {
  const { file, args } = nodeWorker("workers/first-use.ts");
  const samples: Record<(typeof firstUseOps)[number], number>[] = [];
  // The first process reads the files from disk; its time is left out.
  for (let round = -1; round < rounds; round++) {
    const { stdout } = await execute(file, args);
    if (round >= 0) samples.push(JSON.parse(stdout));
  }
  return firstUseOps
    .filter((op) => ops.includes(op))
    .map((op) => ({
      ...{ suite, shape: "E", op, subject: "ours" },
      ...summary(samples.map((sample) => sample[op])),
      ratioToLimit: null,
    }));
}
