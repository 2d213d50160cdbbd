import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";
import type { Browser } from "./browser.ts";
import { type Check, type Consumer, expectSuccess } from "./check.ts";
import { requireCleanTypes } from "./diagnostics.ts";
import type { NodeVersion } from "./nodes.ts";
import { packageFile, staticFile } from "./pages.ts";
import { CommandError, type Processes } from "./processes.ts";
import type { Project } from "./project.ts";

const tsc = join(import.meta.dirname, "../../node_modules/typescript/bin/tsc");

/** A project whose train.ts is run in every way that there is, and its page.html opened. */
export function trainingConsumer(
  project: Project,
  processes: Processes,
  nodes: readonly NodeVersion[],
  browser: Browser,
): Consumer {
  const { name, place, files } = project;
  const runs = (kind: string, file: string): Check[] =>
    nodes.map(({ version, file: node }) => ({
      name: `${kind} ${version}`,
      run: async () => expectSuccess(await processes.run(node, [file], place)),
    }));
  const checks: Check[] = [
    { name: "install", run: () => project.install() },
    { name: "types", run: () => compile(project, processes) },
    // What the compiler made of `import` in each.
    ...runs("import", "train.mjs"),
    ...runs("require", "train.cjs"),
    { name: "bundle", run: () => bundle(project, browser) },
  ];
  if (files.includes("page.html")) {
    checks.push({
      name: "script tag",
      run: () => browser.open(join(place.cwd, "page.html"), (path) => packageFile(place.cwd, path)),
    });
  }
  return { name, checks };
}

/** Compiles train.ts strictly, as an ES module and as CommonJS. */
async function compile({ place }: Project, processes: Processes): Promise<void> {
  const code = readFileSync(join(place.cwd, "train.ts"), "utf8");
  writeFileSync(join(place.cwd, "train.mts"), code);
  // A host in CommonJS that has no default export has one for ES modules nevertheless.
  const required = code.replace(/^import (\w+) from (".+");$/gm, "import $1 = require($2);");
  writeFileSync(join(place.cwd, "train.cts"), required);
  const compilerOptions = {
    strict: true,
    skipLibCheck: false,
    module: "nodenext",
    target: "es2022",
    lib: ["es2022", "dom", "dom.iterable"],
    types: [],
    pretty: false,
  };
  const include = ["train.mts", "train.cts", "*.d.ts"];
  writeFileSync(join(place.cwd, "tsconfig.json"), JSON.stringify({ compilerOptions, include }));
  try {
    await processes.run(process.execPath, [tsc, "-p", "."], place);
  } catch (error) {
    // A host's own types may have errors; what counts is where they are.
    if (error instanceof CommandError) requireCleanTypes(error.output);
    else throw error;
  }
}

async function bundle({ place }: Project, browser: Browser): Promise<void> {
  const page = '<!doctype html><script type="module" src="/train.mts"></script>';
  writeFileSync(join(place.cwd, "index.html"), page);
  const outDir = join(place.cwd, "bundle");
  await build({
    root: place.cwd,
    logLevel: "error",
    build: { outDir, chunkSizeWarningLimit: 1e6 },
  });
  await browser.open(join(outDir, "index.html"), (path) => staticFile(outDir, path));
}
