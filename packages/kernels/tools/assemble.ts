// Rebuilds src/generated/ from assembly/. A test compares them, so that they cannot drift apart.
import { mkdirSync, writeFileSync } from "node:fs";
import { compile, modules, wrap } from "./compile.ts";

mkdirSync(new URL("../src/generated", import.meta.url), { recursive: true });
for (const name of modules) {
  const bytes = await compile(name);
  writeFileSync(new URL(`../src/generated/${name}.ts`, import.meta.url), wrap(name, bytes));
  console.log(`${name}: ${bytes.length} bytes`);
}
