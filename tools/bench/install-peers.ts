// Brings the peers here, once: a lockfile of their own for those on npm, Debian's PyTorch, a C compiler.
import { execFileSync, spawnSync } from "node:child_process";
import { globSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { AbsentError } from "./subject-process.ts";

type Say = (text: string) => void;

const here = join(import.meta.dirname, "peers");
const built = join(here, "node_modules/.cache");
const python = "/usr/bin/python3";

/** @throws {AbsentError} when npm cannot install them. */
export function installFromNpm(say: Say): void {
  // npm writes this file last, so that a broken install is not taken for one, nor one from before a change.
  const installed = statSync(join(here, "node_modules/.package-lock.json"), {
    throwIfNoEntry: false,
  });
  if (installed && installed.mtimeMs >= statSync(join(here, "package-lock.json")).mtimeMs) return;
  say("installing TensorFlow.js, ONNX Runtime, brain.js and synaptic beside the benchmark, once");
  // What npm tells a script of its own run would send an inner npm back into this workspace.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(config_(workspace|local_prefix|prefix)|package_|lifecycle_)/.test(name),
    ),
  );
  run("npm", ["ci", "--no-audit", "--no-fund"], env);
}

/** @throws {AbsentError} when there is no PyTorch and no way to get it. */
export function findPyTorch(say: Say): string {
  const found = () => spawnSync(python, ["-c", "import torch"]).status === 0;
  if (found()) return python;
  const apt = spawnSync("apt-get", ["--version"]).status === 0;
  if (!apt || process.getuid?.() !== 0) {
    throw new AbsentError(`${python} has no torch; on Debian: apt-get install python3-torch`);
  }
  say("installing Debian's python3-torch, once");
  run("apt-get", ["install", "-y", "-qq", "python3-torch"]);
  if (!found()) throw new AbsentError(`${python} has no torch after installing python3-torch`);
  return python;
}

/** @throws {AbsentError} when there is no C compiler, or it cannot make AVX2. */
export function buildC(): string {
  const compiler = ["cc", "gcc", "clang"].find(
    (name) => spawnSync(name, ["--version"]).status === 0,
  );
  if (!compiler) throw new AbsentError("no C compiler (cc, gcc or clang) is installed");
  mkdirSync(built, { recursive: true });
  const worker = join(built, "batch-norm");
  const flags = ["-std=gnu11", "-O3", "-mavx2", "-mfma", "-Wno-psabi"];
  run(compiler, [...flags, ...globSync(join(here, "c/*.c")), "-o", worker, "-lm"]);
  return worker;
}

function run(file: string, args: string[], env: NodeJS.ProcessEnv = process.env): void {
  try {
    execFileSync(file, args, { cwd: here, env, stdio: "pipe" });
  } catch (error) {
    const said = String((error as { stderr?: Buffer }).stderr ?? error).trim();
    throw new AbsentError(`${file} ${args[0]} failed: ${said.split("\n").at(0)}`);
  }
}
