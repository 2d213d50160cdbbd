import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Command } from "./subject-process.ts";

/**
 * The command, kept to one core where the system can do that: util-linux's `taskset`. All subjects share
 * it, and take turns. On cores of their own one could have a busy neighbour, a virtual machine's core
 * being half of a real one, and be half as slow again for as long as it runs. For those who leave no garbage:
 * others would wait for what V8 collects and compiles beside them.
 */
export function onOneCore({ file, args, env = {} }: Command): Command {
  core ??= findCore();
  return core === ""
    ? { file, args, env }
    : { file: "taskset", args: ["-c", core, file, ...args], env };
}

/**
 * Keeps the main thread of a process to that core, and no other thread of it: what V8 collects and compiles
 * beside JavaScript goes on beside it.
 */
export function keepMainThread(pid: number): void {
  core ??= findCore();
  if (core !== "") spawnSync("taskset", ["-pc", core, String(pid)]);
}

/** The number of the core; empty where there is no choice. */
let core: string | undefined;

/** The last of those that this process may use: systems like to put their own work on the first. */
function findCore(): string {
  if (spawnSync("taskset", ["--version"]).status !== 0) return "";
  const status = readFileSync("/proc/self/status", "utf8");
  return /^Cpus_allowed_list:.*?(\d+)$/m.exec(status)?.[1] ?? "";
}
