// What every published package says of itself, and what it brings along.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { publicPackages } from "../public-packages.ts";

const packages = publicPackages();
const ours = packages.map(({ name }) => name);
const { license } = JSON.parse(
  readFileSync(join(packages[0]?.folder ?? "", "package.json"), "utf8"),
);

test("there are packages, all under one licence", () => {
  expect(ours).toContain("@batchnorm/core");
  expect(license).toBe("MIT");
});

describe.each(packages)("$name", ({ folder, manifest, entries }) => {
  test("brings no other library along: hosts are peers", () => {
    for (const name of Object.keys(manifest.dependencies ?? {})) expect(ours).toContain(name);
  });

  test("runs nothing when it is installed", () => {
    const scripts = Object.keys(manifest.scripts ?? {});
    const atInstall = ["preinstall", "install", "postinstall", "prepare"];
    expect(scripts.filter((name) => atInstall.includes(name))).toEqual([]);
  });

  test("bounds its peers from below and above, unless only tests use them", () => {
    for (const [peer, range] of Object.entries(manifest.peerDependencies ?? {})) {
      if (peer !== "vitest") expect(range).toMatch(/^>=\S+ <\d|^\^/);
    }
  });

  test("is described, free of side effects, and ships sources, types and licence", () => {
    expect(manifest).toMatchObject({
      description: expect.stringMatching(/\S{3}/),
      keywords: expect.arrayContaining(["batch normalization", "batchnorm"]),
      license,
      type: "module",
      sideEffects: false,
      engines: { node: "^20.19 || >=22.12" },
      files: expect.arrayContaining(["CHANGELOG.md", "dist", "src", "!**/*.tsbuildinfo"]),
      publishConfig: { access: "public" },
    });
    expect(existsSync(join(folder, "LICENSE"))).toBe(true);
    expect(entries.length).toBeGreaterThan(0);
    for (const { source } of entries) expect(existsSync(source)).toBe(true);
  });

  test("has a README with a promise, an install line and what the contract says of it", () => {
    const readme = readFileSync(join(folder, "README.md"), "utf8");
    expect(readme.split("\n")[0]).toBe(`# ${manifest.name}`);
    expect(readme.split("\n")[2]).toMatch(/^\*\*.+\*\*/);
    expect(readme).toMatch(/^npm install .*@batchnorm\//m);
    expect(readme).toMatch(/^## Conformance$|contract of Batch Normalization, executable/m);
  });
});
