import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PublicPackage } from "../public-packages.ts";
import { type Budget, budgetsOf } from "./budgets.ts";
import { measure } from "./measure.ts";

/** Text that gzip cannot make much smaller. */
function noise(length: number): string {
  let state = 20261121;
  return Array.from({ length }, () => {
    state = (state * 48271) % 2147483647;
    return String.fromCharCode(97 + (state % 26));
  }).join("");
}

const folder = mkdtempSync(join(tmpdir(), "batchnorm-size-"));
const name = "weighed";
const manifest = {
  name,
  type: "module",
  sideEffects: false,
  exports: { ".": { "@batchnorm/source": "./a.ts", types: "./a.d.ts", default: "./a.js" } },
  peerDependencies: { host: "*" },
};
const weighed: PublicPackage = { name, folder, manifest, entries: [] };
const whole: Budget = { name: "all", entries: ["."], ignore: [], limit: 1 };

beforeAll(() => {
  const files = {
    "package.json": JSON.stringify(manifest),
    "a.js": `
      import { host } from "host/inner";
      export { large } from "./large.js";
      export const small = () => host;
      export const later = () => import("./later.js");`,
    "large.js": `export const large = "${noise(3000)}";`,
    "later.js": `export const much = "${noise(9000)}";`,
  };
  mkdirSync(join(folder, "node_modules"));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
});
afterAll(() => rmSync(folder, { recursive: true }));

test("what is not imported does not count, nor does a peer dependency", async () => {
  expect(await measure(weighed, { ...whole, names: ["small"] })).toBeLessThan(200);
});

test("what is loaded on demand counts for the whole only", async () => {
  const first = await measure(weighed, whole);
  // 3,000 letters of 26 carry 4.7 bits each: 1.8 kB.
  expect(first).toBeGreaterThan(1700);
  expect(first).toBeLessThan(3000);
  expect(await measure(weighed, { ...whole, whole: true })).toBeGreaterThan(first + 5000);
});

test("an entry without a budget is refused by name", () => {
  const file = join(folder, "size-budgets.json");
  writeFileSync(file, JSON.stringify([{ ...whole, entries: ["./other"] }]));
  expect(() => budgetsOf(weighed)).toThrow("a budget for weighed's entry .");
  writeFileSync(file, JSON.stringify([whole]));
  expect(budgetsOf(weighed)).toEqual([whole]);
});
