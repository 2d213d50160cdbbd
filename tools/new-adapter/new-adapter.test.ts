// Follows docs/write-an-adapter.md in a fresh copy of what the repository has at its root.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { root } from "../public-packages.ts";
import { NameError } from "./name.ts";
import { scaffold } from "./scaffold.ts";

const name = "nested-arrays";
const page = readFileSync(join(root, "docs/write-an-adapter.md"), "utf8");
/** The files that the page has its reader write. */
const written = Array.from(page.matchAll(/```ts (\S+)\n(.*?)```/gs), ([, file, code]) => ({
  file: file as string,
  code: code as string,
}));

let house = "";
beforeEach(() => {
  house = mkdtempSync(join(tmpdir(), "batchnorm-adapter-"));
  mkdirSync(join(house, ".changeset"));
  copyFiles(".", (file) => !file.startsWith("package-lock"));
  copyFiles("tools", (file) => file.endsWith(".ts"));
  for (const folder of readdirSync(join(root, "packages"))) {
    copyFiles(join("packages", folder), (file) => /^(package|tsconfig)\.json$/.test(file));
  }
  symlinkSync(join(root, "node_modules"), join(house, "node_modules"));
});
afterEach(() => rmSync(house, { recursive: true }));

/** Copies the files of one folder, not of those in it. */
function copyFiles(folder: string, wanted: (file: string) => boolean): void {
  mkdirSync(join(house, folder), { recursive: true });
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const file = join(folder, entry.name);
    if (entry.isFile() && wanted(entry.name)) copyFileSync(join(root, file), join(house, file));
  }
}

/** Every file there is, but what is linked to. */
const filesOf = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesOf(path) : entry.isFile() ? [path] : [];
    })
    .sort();

function run(tool: string, ...args: string[]): { status: number | null; output: string } {
  const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined };
  const { status, stdout, stderr } = spawnSync(join(root, "node_modules/.bin", tool), args, {
    cwd: house,
    encoding: "utf8",
    env,
  });
  return { status, output: stdout + stderr };
}

/** Checks the package alone, with the sources of those that it imports. */
function typecheck(): { status: number | null; output: string } {
  const options = {
    noEmit: true,
    composite: false,
    declaration: true,
    lib: ["es2024", "dom"],
    types: ["node"],
  };
  const include = [`packages/${name}/src`, `packages/${name}/test`];
  const config = { extends: "./tsconfig.base.json", compilerOptions: options, include };
  writeFileSync(join(house, "tsconfig.check.json"), JSON.stringify(config));
  return run("tsc", "-p", "tsconfig.check.json");
}

function suite(): { numPassedTests: number; numFailedTests: number; numPendingTests: number } {
  const report = join(house, "report.json");
  run("vitest", "run", "--project", name, "--reporter=json", `--outputFile=${report}`);
  return JSON.parse(readFileSync(report, "utf8"));
}

describe("a new adapter", () => {
  test("is clean under lint and types, and its tests say what to write", () => {
    scaffold(name, house);
    expect(run("biome", "check", "--error-on-warnings", `packages/${name}`)).toMatchObject({
      status: 0,
    });
    expect(typecheck()).toEqual({ status: 0, output: "" });
    const { status, output } = run("vitest", "run", "--project", name);
    expect(status).toBe(1);
    expect(output).toContain(
      "toTensor in src/tensor.ts must make a tensor (docs/write-an-adapter.md)",
    );
    expect(output).toContain("1 failed");
    const said = page.match(/```text\n(.*?)\n```/s)?.[1] as string;
    expect(output).toContain(said);
  });

  test("passes the suite with what the page has its reader write", () => {
    scaffold(name, house);
    expect(written.map(({ file }) => file)).toEqual(["src/tensor.ts", "test/supports.ts"]);
    for (const { file, code } of written) writeFileSync(join(house, "packages", name, file), code);
    expect(run("biome", "check", "--error-on-warnings", `packages/${name}`)).toMatchObject({
      status: 0,
    });
    expect(typecheck()).toEqual({ status: 0, output: "" });
    const { numPassedTests: passed, numFailedTests: failed, numPendingTests: skipped } = suite();
    expect(failed).toBe(0);
    expect(page).toContain(`${passed} passed | ${skipped} skipped`);
  });

  test("takes fewer than fifty lines of one's own", () => {
    const lines = written
      .flatMap(({ code }) => code.split("\n"))
      .filter((line) => line.trim() !== "");
    expect(lines.length).toBeGreaterThan(20);
    expect(lines.length).toBeLessThan(50);
  });

  test("is formatted by the house's rules whatever its name", () => {
    for (const other of ["a", "zz-9", "a".repeat(40)]) scaffold(other, house);
    expect(run("biome", "check", "--error-on-warnings", "packages")).toMatchObject({ status: 0 });
  });

  test("is among what TypeScript checks, in the file's own form", () => {
    const before = readFileSync(join(house, "tsconfig.json"), "utf8");
    scaffold(name, house);
    const after = readFileSync(join(house, "tsconfig.json"), "utf8");
    const added = JSON.parse(before);
    added.references.push({ path: `packages/${name}` });
    expect(JSON.parse(after)).toEqual(added);
    expect(after.replace(`,\n    { "path": "packages/${name}" }`, "")).toBe(before);
  });

  test("says which files it wrote", () => {
    const before = filesOf(house);
    const said = scaffold(name, house).map((file) => join(house, file));
    const after = filesOf(house);
    expect(after.filter((file) => !before.includes(file))).toEqual(
      said.filter((file) => file !== join(house, "tsconfig.json")),
    );
  });
});

describe("nothing is written", () => {
  const unchanged = (act: () => void): void => {
    const content = () => filesOf(house).map((file) => [file, readFileSync(file, "utf8")]);
    const before = content();
    act();
    expect(content()).toEqual(before);
  };

  test.each([
    [undefined, "must be given"],
    ["", "lower-case"],
    ["Brain", "lower-case"],
    ["-x", "lower-case"],
    ["a--b", "lower-case"],
    ["a-", "lower-case"],
    ["9a", "lower-case"],
    ["../up", "lower-case"],
    ["a/b", "lower-case"],
    ["@batchnorm/x", "lower-case"],
    ["a\nb", "lower-case"],
    ["{{name}}", "lower-case"],
    ["a".repeat(41), "40 at most"],
    ["core", "taken"],
  ])("for the name %j", (wrong, says) => {
    unchanged(() => expect(() => scaffold(wrong, house)).toThrow(says));
    unchanged(() => expect(() => scaffold(wrong, house)).toThrow(NameError));
  });

  test("over a package or a changeset that is there", () => {
    scaffold(name, house);
    unchanged(() => expect(() => scaffold(name, house)).toThrow("taken"));
    rmSync(join(house, "packages", name), { recursive: true });
    unchanged(() => expect(() => scaffold(name, house)).toThrow(`.changeset/adapter-${name}.md`));
  });

  test("when a later step fails", () => {
    rmSync(join(house, ".changeset"), { recursive: true });
    unchanged(() => expect(() => scaffold(name, house)).toThrow("ENOENT"));
    mkdirSync(join(house, ".changeset"));
    writeFileSync(join(house, "tsconfig.json"), "{}\n");
    unchanged(() => expect(() => scaffold(name, house)).toThrow("list of its references"));
  });
});

describe("the command", () => {
  const command = (...args: string[]) =>
    spawnSync(process.execPath, [join(import.meta.dirname, "main.ts"), ...args], {
      encoding: "utf8",
    });

  test.each([
    [[], "must be given"],
    [["core"], "taken"],
    [["No"], "lower-case"],
    [["a", "b"], "got 2"],
    [["--frob"], "--frob"],
  ])("refuses %j with one line and exit code 2", (args, says) => {
    const { status, stdout, stderr } = command(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/^new:adapter: [^\n]+\n$/);
    expect(stderr).toContain(says);
  });

  test("--help says what it does", () => {
    expect(command("--help")).toMatchObject({ status: 0, stderr: "" });
  });
});
