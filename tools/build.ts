// Builds the package in the current directory from scratch: src/ → dist/ (ESM, .d.ts, source maps).
// With --bundle each entry of package.json's `exports` becomes one file: a program that imports a hundred
// small ones waits for them longer than for all else that it does at its start.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { build } from "vite";

const bundle = process.argv.includes("--bundle");
rmSync("dist", { recursive: true, force: true });
const types = bundle ? ["--emitDeclarationOnly"] : [];
const { status } = spawnSync("tsc", ["-p", ".", ...types], { stdio: "inherit" });
if (status !== 0) process.exit(status ?? 1);
if (bundle) await bundleEntries();

async function bundleEntries(): Promise<void> {
  const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as {
    exports: Record<string, { "@batchnorm/source"?: string; default: string }>;
  };
  const entries = Object.values(exports).flatMap(({ "@batchnorm/source": source, ...to }) =>
    source ? [[to.default.replace(/^\.\/dist\/|\.js$/g, ""), source]] : [],
  );
  await build({
    configFile: false,
    logLevel: "warn",
    build: {
      lib: { entry: Object.fromEntries(entries), formats: ["es"] },
      target: "es2022",
      minify: false,
      sourcemap: true,
      emptyOutDir: false,
      rolldownOptions: {
        // Dependencies stay imports.
        external: /^[^./]/,
        // Without comments and spaces a file loads sooner; names stay, for stack traces.
        output: {
          comments: { annotation: true, legal: false, jsdoc: false },
          minify: { compress: false, mangle: false },
        },
      },
    },
  });
}
