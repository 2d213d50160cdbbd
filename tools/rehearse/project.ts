import { cpSync, globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Place, Processes } from "./processes.ts";
import type { Surroundings } from "./surroundings.ts";

const templates = join(import.meta.dirname, "consumers");

/** A consumer's folder, outside of the repository. */
export interface Project {
  readonly name: string;
  readonly place: Place;
  /** What it brought, by its path inside. */
  readonly files: readonly string[];
  install(): Promise<void>;
}

/** Copies every project of consumers/ out. */
export function makeProjects(
  processes: Processes,
  { folder, envWith }: Surroundings,
  registry: string,
): Project[] {
  return globSync("*/package.json", { cwd: templates })
    .map((file) => basename(join(file, "..")))
    .sort()
    .map((name) => {
      const place = { cwd: join(folder, "consumers", name), env: envWith(registry) };
      cpSync(join(templates, name), place.cwd, { recursive: true });
      return {
        name,
        place,
        files: globSync("*", { cwd: place.cwd }),
        async install() {
          // What is published needs no script; some hosts have one that needs a compiler.
          await processes.run("npm", ["install", "--ignore-scripts"], place);
          // Fails when a peer is missing, or of a version that was not asked for.
          await processes.run("npm", ["ls", "--all"], place);
        },
      };
    });
}

/** @throws when no consumer imports an entry of a package that is published. */
export function requireAllImported(entries: readonly string[], projects: readonly Project[]): void {
  const code = projects
    .flatMap(({ files, place }) => files.map((file) => readFileSync(join(place.cwd, file), "utf8")))
    .join("\n");
  const forgotten = entries.filter((entry) => !code.includes(`from "${entry}";`));
  if (forgotten.length === 0) return;
  throw new Error(`tools/rehearse/consumers must import ${forgotten.join(", ")}`);
}
