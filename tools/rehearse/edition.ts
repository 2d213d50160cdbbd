import { appendFileSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Processes } from "./processes.ts";
import type { Surroundings } from "./surroundings.ts";

const root = join(import.meta.dirname, "../..");

/** A copy of the repository as it would be released, with changes that are not committed yet. */
export interface Edition {
  /** Packages that are published, by name. */
  readonly names: readonly string[];
  /** All that can be imported from them. */
  readonly entries: readonly string[];
  version(): Promise<string>;
  build(): Promise<void>;
  publish(registry: string): Promise<void>;
}

export async function copyRepository(
  processes: Processes,
  { folder, env, envWith }: Surroundings,
): Promise<Edition> {
  const cwd = join(folder, "repository");
  const git = (...args: string[]): Promise<string> =>
    processes.run("git", ["-C", root, ...args], { cwd: root, env });
  // Whoever rehearses may have no name for commits, which this one needs and nobody sees.
  const who = ["-c", "user.name=rehearsal", "-c", "user.email=rehearsal@localhost"];
  const uncommitted = (await git(...who, "stash", "create")).trim();
  await git("clone", "--quiet", "--shared", "--no-checkout", root, cwd);
  await git("-C", cwd, "checkout", "--quiet", "--detach", uncommitted || "HEAD");
  await processes.run("npm", ["ci", "--prefer-offline"], { cwd, env });

  const npm = (args: string[], known = env): Promise<string> =>
    processes.run("npm", args, { cwd, env: known });
  const manifests = (): Manifest[] =>
    globSync("packages/*/package.json", { cwd })
      .map((file) => JSON.parse(readFileSync(join(cwd, file), "utf8")) as Manifest)
      .filter((manifest) => !manifest.private);
  return {
    names: manifests().map(({ name }) => name),
    entries: manifests().flatMap(({ name, exports }) =>
      Object.keys(exports)
        .filter((path) => path !== "./package.json")
        .map((path) => name + path.slice(1)),
    ),
    async version() {
      await npm(["run", "version-packages"]);
      const versions = [...new Set(manifests().map(({ version }) => version))];
      if (versions.length === 1) return String(versions[0]);
      throw new Error(`all packages must have one version, got ${versions.join(", ")}`);
    },
    async build() {
      await npm(["run", "build"]);
    },
    async publish(registry) {
      // The registry asks for nothing, but npm wants a token; a shell passes no variable of such a name on.
      const token = `${registry.replace(/^http:/, "")}:_authToken=rehearsal\n`;
      appendFileSync(join(cwd, ".npmrc"), token);
      await npm(["run", "publish-packages"], envWith(registry));
    },
  };
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports: Readonly<Record<string, unknown>>;
}
