import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Processes } from "./processes.ts";
import type { Surroundings } from "./surroundings.ts";

/** The oldest Node of each line that the packages promise to run on, and the one that they are made with. */
const versions = ["20.19.0", "22.12.0", "24.21.0"] as const;

/** A Node that consumers run on. */
export interface NodeVersion {
  readonly version: string;
  /** Its executable. */
  readonly file: string;
}

/** Installs every Node that consumers run on. */
export async function installNodes(
  processes: Processes,
  { folder, env }: Surroundings,
): Promise<NodeVersion[]> {
  const cwd = join(folder, "nodes");
  mkdirSync(cwd);
  const platform = process.platform === "win32" ? "win" : process.platform;
  const nameOf = (version: string): string => `node-${version}`;
  const dependencies = Object.fromEntries(
    versions.map((version) => [nameOf(version), `npm:node-${platform}-${process.arch}@${version}`]),
  );
  writeFileSync(join(cwd, "package.json"), JSON.stringify({ private: true, dependencies }));
  await processes.run("npm", ["install", "--prefer-offline"], { cwd, env });
  return versions.map((version) => ({
    version,
    file: join(cwd, "node_modules", nameOf(version), "bin/node"),
  }));
}
