import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A temporary folder, and what commands that run in it are told. */
export interface Surroundings {
  readonly folder: string;
  /** As on this machine: its registry, its cache. */
  readonly env: NodeJS.ProcessEnv;
  /** As a user's who knows but the rehearsal's registry, and has installed nothing before. */
  envWith(registry: string): NodeJS.ProcessEnv;
  remove(): void;
}

export function makeSurroundings(): Surroundings {
  const folder = mkdtempSync(join(tmpdir(), "batchnorm-rehearsal-"));
  const temporary = join(folder, "tmp");
  mkdirSync(temporary);
  // Chromium, too, leaves things in the temporary folder.
  process.env.TMPDIR = temporary;
  // What npm tells a script of its own run would send an inner npm back into this workspace.
  const own = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  const env = {
    ...Object.fromEntries(own),
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_update_notifier: "false",
  };
  return {
    folder,
    env,
    envWith: (registry) => ({
      ...env,
      npm_config_registry: registry,
      npm_config_cache: join(folder, "npm-cache"),
      npm_config_noproxy: "127.0.0.1",
      // Provenance exists on the CI host alone.
      npm_config_provenance: "false",
    }),
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }),
  };
}
