import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compile, modules, wrap } from "../tools/compile.ts";

test.each(modules)("src/generated holds what assembly/%s.ts compiles to", async (name) => {
  const committed = readFileSync(new URL(`../src/generated/${name}.ts`, import.meta.url), "utf8");
  expect(committed).toBe(wrap(name, await compile("kernels", name)));
});
