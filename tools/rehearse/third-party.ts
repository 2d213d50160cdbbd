import { delimiter, dirname, join } from "node:path";
import type { Check, Consumer } from "./check.ts";
import type { NodeVersion } from "./nodes.ts";
import type { Processes } from "./processes.ts";
import type { Project } from "./project.ts";

/** A project with an adapter of its own in subject.js, which is held to the contract in three ways. */
export function thirdPartyConsumer(
  project: Project,
  processes: Processes,
  nodes: readonly NodeVersion[],
): Consumer {
  const { name, place } = project;
  const runs = (kind: string, command: string, ...args: string[]): Check[] =>
    nodes.map(({ version, file }) => ({
      name: `${kind} ${version}`,
      run: async () => {
        // What npm linked starts with `env node`.
        const PATH = [dirname(file), place.env.PATH].join(delimiter);
        const env = { ...place.env, PATH };
        requireManyPassed(await processes.run(command, args, { ...place, env }));
      },
    }));
  const bin = (command: string): string => join(place.cwd, "node_modules/.bin", command);
  return {
    name,
    checks: [
      { name: "install", run: () => project.install() },
      ...runs("vitest", bin("vitest"), "run"),
      ...runs("node:test", "node", "--test", "contract.js"),
      ...runs("command", bin("batchnorm-conformance"), "./subject.js"),
    ],
  };
}

/** A runner that found no case is content, too. */
function requireManyPassed(output: string): void {
  const counts = Array.from(output.matchAll(/(\d+) passed|pass (\d+)/g), ([, a, b]) =>
    Number(a ?? b),
  );
  if (Math.max(0, ...counts) < 100) {
    throw new Error(`at least 100 cases must pass, got ${counts.join(", ") || "none"}`);
  }
}
