import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Processes } from "./processes.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * Starts a registry that has nothing of ours, and passes on what npm's own registry has.
 *
 * @returns its address.
 */
export async function startRegistry(
  processes: Processes,
  { folder, env }: Surroundings,
): Promise<string> {
  const cwd = join(folder, "registry");
  mkdirSync(cwd);
  for (const file of ["package.json", "package-lock.json"]) {
    cpSync(join(import.meta.dirname, "registry", file), join(cwd, file));
  }
  await processes.run("npm", ["ci", "--prefer-offline"], { cwd, env });
  const upstream = (await processes.run("npm", ["config", "get", "registry"], { cwd, env })).trim();
  const config = {
    storage: join(cwd, "storage"),
    // What comes from there is in npm's cache; a copy of it here would be one more.
    uplinks: { upstream: { url: upstream, cache: false, timeout: "120s", maxage: "60m" } },
    packages: {
      "@batchnorm/*": { access: "$all", publish: "$all" },
      "**": { access: "$all", proxy: "upstream" },
    },
    max_body_size: "100mb",
    web: { enable: false },
    log: { type: "stdout", level: "warn" },
  };
  // JSON is YAML.
  writeFileSync(join(cwd, "config.yaml"), JSON.stringify(config));
  const address = `127.0.0.1:${await freePort()}`;
  const main = join(cwd, "node_modules/verdaccio/bin/verdaccio");
  const args = [main, "--config", join(cwd, "config.yaml"), "--listen", address];
  const server = processes.start(process.execPath, args, { cwd, env });
  let said = "";
  for (const stream of [server.stdout, server.stderr]) {
    stream?.on("data", (text: Buffer) => {
      said = `${said}${text}`.slice(-4000);
    });
  }
  for (let tries = 0; tries < 150; tries++) {
    await sleep(200);
    if (server.exitCode !== null) break;
    const answer = await fetch(`http://${address}/-/ping`).catch(() => null);
    if (answer?.ok) return `http://${address}/`;
  }
  throw new Error(`the registry does not answer\n${said}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
