// Builds the package in the current directory from scratch: src/ → dist/ (ESM, .d.ts, source maps).
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";

rmSync("dist", { recursive: true, force: true });
const { status } = spawnSync("tsc", ["-p", "."], { stdio: "inherit" });
process.exit(status ?? 1);
