// Builds the package in the current directory from scratch: src/ → dist/ (ESM, .d.ts, source maps).
// With --bundle each entry of package.json's `exports` becomes one file, and what they share another: a program that imports a hundred
// small ones waits for them longer than for all else that it does at its start.
// With --script a file for script tags is made besides, of all entries and what they import of ours:
// @batchnorm/NAME becomes the global `batchnorm.NAME`. `--global PACKAGE=NAME` says where a page has a host.
// With --to FOLDER what --bundle and --script make goes there, without types, and dist/ stays as it is.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { build, type InlineConfig } from "vite";

const flag = { type: "boolean" } as const;
const { bundle, script, global, to } = parseArgs({
  options: {
    ...{ bundle: flag, script: flag, to: { type: "string" } },
    global: { type: "string", multiple: true },
  },
}).values;
const manifest = JSON.parse(readFileSync("package.json", "utf8")) as {
  name: string;
  exports: Record<string, { "@batchnorm/source"?: string; default: string }>;
};
const entries = Object.values(manifest.exports).flatMap(
  ({ "@batchnorm/source": source, ...to }): [string, string][] =>
    source ? [[to.default.replace(/^\.\/dist\/|\.js$/g, ""), source]] : [],
);

if (to === undefined) compile();
const outDir = to ?? "dist";
const common = { target: "es2022", sourcemap: true, emptyOutDir: false, outDir };
const quiet: InlineConfig = { configFile: false, logLevel: "warn" };
if (bundle) await bundleEntries();
if (script) await bundleScript();

function compile(): void {
  rmSync("dist", { recursive: true, force: true });
  const types = bundle ? ["--emitDeclarationOnly"] : [];
  const { status } = spawnSync("tsc", ["-p", ".", ...types], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

async function bundleEntries(): Promise<void> {
  await build({
    ...quiet,
    build: {
      ...common,
      lib: { entry: Object.fromEntries(entries), formats: ["es"] },
      minify: false,
      rolldownOptions: {
        // Dependencies stay imports.
        external: /^[^./]/,
        // An entry may itself be what another one shares with it, and is no file more then.
        preserveEntrySignatures: "allow-extension",
        // Without comments and long names of variables a file loads sooner. Names of functions and classes, and
        // lines, stay, for stack traces: of an error that nobody catches Node prints the line, and a file in
        // one line would fill the screen.
        output: {
          // What entries share is one file as well.
          codeSplitting: { groups: [{ name: "shared", minShareCount: 2 }] },
          comments: { annotation: true, legal: false, jsdoc: false },
          minify: {
            compress: false,
            mangle: { keepNames: true },
            codegen: { removeWhitespace: false },
          },
        },
      },
    },
  });
}

async function bundleScript(): Promise<void> {
  const globals = Object.fromEntries(global?.map((pair) => pair.split("=")) ?? []);
  const [scope, name] = manifest.name.slice(1).split("/");
  // No such file is there: its text is made here.
  const whole = resolve("all-entries.js");
  const reexports = entries.map(
    ([, source]) => `export * from ${JSON.stringify(resolve(source))};`,
  );
  await build({
    ...quiet,
    plugins: [
      {
        name: "all entries as one",
        resolveId: (id) => (id === whole ? id : undefined),
        load: (id) => (id === whole ? reexports.join("\n") : undefined),
      },
    ],
    // Sources: no build of another package can be out of date then.
    resolve: { conditions: ["@batchnorm/source"] },
    build: {
      ...common,
      lib: {
        entry: whole,
        formats: ["iife"],
        name: `${scope}.${name}`,
        fileName: () => `${name}.iife.js`,
      },
      rolldownOptions: {
        external: Object.keys(globals),
        // A page may have several of ours: each adds itself to one global.
        output: { globals, extend: true, keepNames: true, codeSplitting: false },
      },
    },
  });
}
