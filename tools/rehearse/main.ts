// Rehearses a release: versions a copy of this repository, publishes it to a registry on this machine,
// and uses what was published as strangers would. Ends with a table; nothing that it started, and no
// file of its own, stays. `npm run rehearse [-- --only NAME]…` for some of tools/rehearse/consumers.
import { parseArgs } from "node:util";
import { Browser } from "./browser.ts";
import type { Consumer } from "./check.ts";
import { copyRepository } from "./edition.ts";
import { installNodes } from "./nodes.ts";
import { Processes } from "./processes.ts";
import { makeProjects, requireAllImported } from "./project.ts";
import { startRegistry } from "./registry.ts";
import { type Result, report } from "./report.ts";
import { makeSurroundings } from "./surroundings.ts";
import { thirdPartyConsumer } from "./third-party.ts";
import { trainingConsumer } from "./training.ts";

const { only } = parseArgs({ options: { only: { type: "string", multiple: true } } }).values;
const began = performance.now();
const surroundings = makeSurroundings();
const processes = new Processes();
const browser = new Browser();
let interrupted = false;

for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(name, () => {
    interrupted = true;
    // What waits for a command fails then, and so comes to the end below.
    void Promise.all([processes.stop(), browser.close()]);
  });
}
try {
  process.exitCode = (await rehearse()) ? 0 : 1;
} catch (error) {
  console.error(interrupted ? "interrupted" : messageOf(error));
  process.exitCode = interrupted ? 130 : 1;
} finally {
  await browser.close();
  await processes.stop();
  surroundings.remove();
}

/** @returns whether all worked. */
async function rehearse(): Promise<boolean> {
  say("copying the repository");
  const edition = await copyRepository(processes, surroundings);
  say("starting a registry");
  const registry = await startRegistry(processes, surroundings);
  const projects = makeProjects(processes, surroundings, registry);
  requireAllImported(edition.entries, projects);
  say(`version ${await edition.version()}; building`);
  await edition.build();
  say(`publishing ${edition.names.join(", ")}`);
  await edition.publish(registry);
  say("installing Node");
  const nodes = await installNodes(processes, surroundings);
  const consumers = projects
    .filter(({ name }) => !only || only.includes(name))
    .map((project) =>
      project.files.includes("train.ts")
        ? trainingConsumer(project, processes, nodes, browser)
        : thirdPartyConsumer(project, processes, nodes),
    );
  const results: Result[] = [];
  for (const consumer of consumers) results.push(...(await tryAll(consumer)));
  console.log(report(consumers, results));
  const failed = results.filter(({ passed }) => passed !== true).length;
  console.log(`${results.length - failed} passed, ${failed} failed`);
  return failed === 0;
}

async function tryAll({ name: consumer, checks }: Consumer): Promise<Result[]> {
  const results: Result[] = [];
  for (const [i, { name: check, run }] of checks.entries()) {
    if (i > 0 && !results[0]?.passed) {
      results.push({ consumer, check, passed: null });
      continue;
    }
    say(`${consumer}: ${check}`);
    const error = await run().then(() => null, messageOf);
    if (interrupted) throw new Error("interrupted");
    if (error !== null) console.error(`${consumer}: ${check}: ${error}`);
    results.push({ consumer, check, passed: error === null });
  }
  return results;
}

function say(text: string): void {
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(`${String(seconds).padStart(4)} s  ${text}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
