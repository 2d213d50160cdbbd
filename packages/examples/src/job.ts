import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { requireWritable } from "./destination.ts";
import { loadDigits } from "./digits.ts";
import { compareHosts, type HostRun } from "./experiment.ts";
import { useWasm } from "./hosts/tfjs.ts";
import type { JobOptions } from "./job-options.ts";
import { type Machine, machine } from "./machine.ts";
import { loadMnist } from "./mnist.ts";

/** Everything that the main job found out: what `--json` writes, and what the report is made of. */
export interface Findings {
  readonly machine: Machine;
  readonly options: JobOptions;
  readonly data: { readonly train: number; readonly test: number };
  readonly runs: readonly HostRun[];
}

const reports = join(import.meta.dirname, "../../../reports");

/** Trains, and writes what was asked for. @throws {UsageError} before anything is trained. */
export async function runJob(options: JobOptions): Promise<Findings> {
  const { seed, mnist, json } = options;
  const page = join(resolve(options.report ?? reports), "index.html");
  requireWritable("--report", page);
  if (json !== null) requireWritable("--json", json);
  const data = mnist === null ? loadDigits(`${seed}`) : loadMnist(mnist, `${seed}`);
  await useWasm();
  const runs = await compareHosts(options, data, () => {});
  const findings: Findings = {
    ...{ machine: machine(), options, runs },
    data: { train: data.train.labels.length, test: data.test.labels.length },
  };
  if (json !== null) writeFileSync(json, `${JSON.stringify(findings, null, 1)}\n`);
  return findings;
}
