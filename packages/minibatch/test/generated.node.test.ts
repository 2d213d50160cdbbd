import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compile, wrap } from "../../kernels/tools/compile.ts";

test("src/generated holds what assembly/engine.ts compiles to", async () => {
  const committed = readFileSync(new URL("../src/generated/engine.ts", import.meta.url), "utf8");
  expect(committed).toBe(wrap("engine", await compile("minibatch", "engine")));
});
