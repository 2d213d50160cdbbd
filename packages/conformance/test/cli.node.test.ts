import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { hostileFiles } from "./hostile-files.ts";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const [cli, core, data] = [at("../src/cli.ts"), at("../src/core-subject.ts"), at("../data")];
const folder = mkdtempSync(join(tmpdir(), "goldens-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const all = ["--conditions=@batchnorm/source", cli, ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, all, { maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

/** A golden of one case, y = x, and what is expected of it. */
const identity = (y: number, more: object = {}) =>
  JSON.stringify({
    format: "bn-heldout/1",
    source: "none",
    count: 1,
    cases: [
      {
        id: "mine:identity",
        op: "infer",
        axis: -1,
        epsilon: 0,
        dtype: "float32",
        tolerance: { rtol: 1e-5, atol: 1e-5 },
        inputs: {
          x: { shape: [1, 1], dtype: "float32", data: [3] },
          running_mean: { shape: [1], dtype: "float32", data: [0] },
          running_var: { shape: [1], dtype: "float32", data: [1] },
        },
        expected: { y: { shape: [1, 1], dtype: "float32", data: [y] } },
        ...more,
      },
    ],
  });

test("--help prints the options", async () => {
  const { code, stdout } = await run("--help");
  expect(code).toBe(0);
  expect(stdout).toContain("--goldens");
});

describe("the exit code", () => {
  test("is 0 when nothing fails, and the last line counts", async () => {
    const { code, stdout, stderr } = await run(core);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout.trimEnd().split("\n").at(-1)).toMatch(/^\d+ passed, 0 failed, \d+ skipped$/);
    expect(stdout).not.toContain("skipped for want of");
    expect(stdout).toContain("deviation fully-masked (BN-6.4; keras:test_input_fully_masked): ");
  });

  test("is 1 after a failure, which says what was expected", async () => {
    const { code, stdout } = await run(core, "--goldens", write("wrong.json", identity(4)));
    expect(code).toBe(1);
    expect(stdout).toContain("FAILED BN-3.2 inference answers as mine:identity");
    expect(stdout).toContain("at        y[0]\n  expected  4\n  received  3\n  error     2.00e+4 ×");
    expect(stdout).toMatch(/ 1 failed, \d+ skipped\n$/);
  });

  test.each([
    ["no subject", [], "must be given"],
    ["two subjects", [core, core], "got 2"],
    ["a missing module", [join(folder, "none.js")], "does not exist"],
    ["a missing package", ["no-such-package-at-all"], "cannot load"],
    ["a module that throws", [write("throws.mjs", "throw new Error('a\\nb')")], "cannot load"],
    ["a module without a subject", [write("empty.mjs", "export const x = 1;")], "got 0"],
    [
      "a misspelt feature",
      [
        write(
          "typo.mjs",
          "export const subject = { name: 'x', supports: ['gradients'], create() {} }",
        ),
      ],
      "got gradients",
    ],
    ["an unknown option", [core, "--frobnicate"], "--help"],
    ["a missing golden", [core, "--goldens", join(folder, "none.json")], "cannot read"],
    ["a folder without goldens", [core, "--goldens", at("../src")], "got none"],
  ])("is 2 for %s, with one line", async (_, args, says) => {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^batchnorm-conformance: .+\n$/);
    expect(stderr).toContain(says);
  });

  // The reader's own test goes through all of them, without a process for each.
  const kinds = [
    "not JSON",
    "too large",
    "deep nesting",
    "__proto__",
    "a huge shape",
    "a missing field",
  ];
  const some = hostileFiles.filter(({ name }) => kinds.includes(name));

  test("is 2 for a hostile golden, with one line that names the file", async () => {
    expect(some).toHaveLength(kinds.length);
    const outcomes = await Promise.all(
      some.map(async ({ name, text }, i) => {
        const path = write(`hostile-${i}.json`, text);
        return { name, i, ...(await run(core, "--goldens", path)) };
      }),
    );
    for (const { name, i, code, stdout, stderr } of outcomes) {
      expect({ name, code, stdout }).toEqual({ name, code: 2, stdout: "" });
      expect(stderr).toMatch(/^batchnorm-conformance: \P{Cc}+\n$/u);
      expect(stderr).toContain(`hostile-${i}.json`);
    }
  });
});

describe("--goldens", () => {
  const count = async (...args: string[]) =>
    JSON.parse((await run(core, "--json", ...args)).stdout);

  test("adds cases, from files and folders, and runs the shipped ones once", async () => {
    const shipped = await count();
    const again = await count("--goldens", data, "--goldens", join(data, "torch.json"));
    expect(again).toEqual(shipped);
    const more = await count("--goldens", write("right.json", identity(3)), "--goldens", data);
    expect(more.passed).toBe(shipped.passed + 1);
  });

  test("runs a case that only looks like a shipped one", async () => {
    const { failures } = await count(
      "--goldens",
      write("altered.json", identity(4, { id: "ort:infer_f64" })),
    );
    expect(failures).toMatchObject([{ id: "ort:infer_f64", clause: "BN-3.2", expected: "4" }]);
  });
});

describe("the subject", () => {
  const named = `name: "wrong", supports: [], create() { throw new Error("no"); }`;

  test.each([
    ["the default export", `export default { ${named} };`],
    [
      "the export subject",
      `export const subject = { ${named} }; export const other = { ${named} };`,
    ],
    ["the only one", `export const anything = { ${named} }; export const n = 1;`],
  ])("is %s", async (what, source) => {
    const module = write(`${what.replaceAll(" ", "-")}.mjs`, source);
    const { code, stdout } = await run(module, "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout).subject).toBe("wrong");
  });
});
