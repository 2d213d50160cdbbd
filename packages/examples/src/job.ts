import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { requireWritable } from "./destination.ts";
import { loadDigits } from "./digits.ts";
import { compareHosts, type HostRun } from "./experiment.ts";
import { hosts } from "./hosts/index.ts";
import { type Modelled, useWasm } from "./hosts/tfjs.ts";
import type { JobOptions } from "./job-options.ts";
import { type Machine, machine } from "./machine.ts";
import { loadMnist } from "./mnist.ts";
import { pageOf } from "./report/page.ts";
import type { Data } from "./samples.ts";
import { type Spread, spreadOf } from "./studies/last-inputs.ts";
import { type Studies, study } from "./studies/study.ts";

/** Everything that the main job found out: what `--json` writes, and what the report is made of. */
export interface Findings {
  readonly machine: Machine;
  readonly options: JobOptions;
  /** How many samples there are. */
  readonly data: { readonly train: number; readonly test: number };
  readonly runs: readonly HostRun[];
  /** Of TensorFlow.js's runs. */
  readonly spreads: readonly Spread[];
  readonly studies: Studies;
}

const reports = join(import.meta.dirname, "../../../reports");

/**
 * Trains, and writes what was asked for.
 *
 * @returns what was found, and where the report is.
 * @throws {UsageError} before anything is trained.
 */
export async function runJob(
  options: JobOptions,
): Promise<{ readonly findings: Findings; readonly page: string }> {
  const { seed, mnist, json } = options;
  const page = join(resolve(options.report ?? reports), "index.html");
  requireWritable("--report", page);
  if (json !== null) requireWritable("--json", json);
  const data = mnist === null ? loadDigits(`${seed}`) : loadMnist(mnist, `${seed}`);
  const findings = await find(options, data);
  if (json !== null) writeFileSync(json, `${JSON.stringify(findings, null, 1)}\n`);
  writeFileSync(page, pageOf(findings));
  return { findings, page };
}

async function find(options: JobOptions, data: Data): Promise<Findings> {
  await useWasm();
  const spreads: Spread[] = [];
  const runs = await compareHosts(options, data, (learner, host, batchNorm, { seen }) => {
    if (host !== "tfjs") return;
    spreads.push({ batchNorm, seen, percentiles: spreadOf(learner as Modelled, data.test) });
  });
  return {
    machine: machine(),
    options,
    data: { train: data.train.labels.length, test: data.test.labels.length },
    ...{ runs, spreads },
    studies: await study(options, data, options.hosts.length === hosts.length),
  };
}
