import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packageFile } from "./pages.ts";

const folder = mkdtempSync(join(tmpdir(), "batchnorm-pages-"));
const at = join(folder, "node_modules/@batchnorm/tfjs");
beforeAll(() => {
  mkdirSync(join(at, "dist"), { recursive: true });
  writeFileSync(join(at, "dist/tfjs.iife.js"), "");
});
afterAll(() => rmSync(folder, { recursive: true }));
const describePackage = (manifest: object): void =>
  writeFileSync(join(at, "package.json"), JSON.stringify(manifest));

test("a package's name gives the file that both CDNs are told of", () => {
  describePackage({ unpkg: "./dist/tfjs.iife.js", jsdelivr: "./dist/tfjs.iife.js" });
  expect(packageFile(folder, "/@batchnorm/tfjs")).toBe(join(at, "dist/tfjs.iife.js"));
  expect(packageFile(folder, "/@batchnorm/tfjs/package.json")).toBe(join(at, "package.json"));
});

test("a package of ours that tells the CDNs differently is refused", () => {
  describePackage({ unpkg: "./dist/tfjs.iife.js" });
  expect(() => packageFile(folder, "/@batchnorm/tfjs")).toThrow("unpkg is not jsdelivr");
});

test("what is not there is not found", () => {
  describePackage({});
  expect(packageFile(folder, "/@batchnorm/tfjs")).toBeUndefined();
  expect(packageFile(folder, "/@batchnorm/tfjs/dist/other.js")).toBeUndefined();
  expect(packageFile(folder, "/@batchnorm/brain")).toBeUndefined();
  expect(packageFile(folder, "/favicon.ico")).toBeUndefined();
});
