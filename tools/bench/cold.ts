import { execFile, execFileSync } from "node:child_process";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import type { Row } from "./row.ts";
import { rowsOf } from "./rows.ts";
import { nodeWorker } from "./subjects.ts";

/**
 * What a program waits for that trains XOR so many passes of four samples: import, compile and train, in a
 * fresh process each time; starting Node is not counted.
 */
export const coldOps: Readonly<Record<string, number>> = { "cold-1000": 1000, "cold-100": 100 };

const scripts: Readonly<Record<string, string>> = {
  ours: "workers/cold-ours.ts",
  "brain.js": "peers/cold-brain.ts",
  synaptic: "peers/cold-synaptic.ts",
};

const execute = promisify(execFile);

/** Times the subjects in turn, a process each, round after round. */
export async function coldStart(
  cell: { suite: string; shape: string; op: string },
  subjects: readonly string[],
  rounds: number,
): Promise<Row[]> {
  const times = new Map<string, number[]>();
  const taking = subjects.filter((name) => name in scripts);
  // The first process reads the files from disk; its time is left out.
  for (let round = -1; round < rounds; round++) {
    for (const i of taking.keys()) {
      const name = taking[(i + round + 1) % taking.length] as string;
      const script = nodeWorker(scripts[name] as string, String(coldOps[cell.op]));
      // As a user gets it: what is built, not the sources.
      const args = script.args.filter((arg) => !arg.startsWith("--conditions"));
      const { stdout } = await execute(script.file, args);
      const last = stdout.trim().split("\n").at(-1) ?? "";
      if (round >= 0) times.set(name, [...(times.get(name) ?? []), JSON.parse(last).ms]);
    }
  }
  return rowsOf(cell, times);
}

/** Builds what `cold-ours` imports, as it ships. */
export function buildOurs(): void {
  const root = join(import.meta.dirname, "../..");
  const path = [join(root, "node_modules/.bin"), process.env.PATH].join(delimiter);
  for (const name of ["core", "kernels", "minibatch"]) {
    const command = [join(root, "tools/build.ts"), "--bundle"];
    const cwd = join(root, "packages", name);
    execFileSync(process.execPath, command, {
      cwd,
      stdio: "pipe",
      env: { ...process.env, PATH: path },
    });
  }
}
