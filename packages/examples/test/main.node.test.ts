import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { commandOf, readJobOptions } from "../src/job-options.ts";
import { UsageError } from "../src/options.ts";

const folder = mkdtempSync(join(tmpdir(), "main-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, "file");
writeFileSync(file, "a file");

const main = new URL("../src/main.ts", import.meta.url).pathname;
const start = (...args: string[]) =>
  spawnSync(process.execPath, ["--conditions=@batchnorm/source", main, ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, FORCE_COLOR: "0" },
  });

describe("what cannot be done costs one line and exit code 2:", () => {
  test.each([
    ["an unknown host", ["--host", "torch"], /tfjs, brain, synaptic, got "torch"/],
    ["a bad number", ["--samples", "many"], /--samples must be an integer ≥ 60, got "many"/],
    ["an unknown option", ["--sample", "60"], /--sample/],
    ["a missing folder", ["--mnist", "none"], /ENOENT.*none/],
    ["a folder without files", ["--mnist", folder], /has no train-images/],
    ["an unwritable report folder", ["--report", file], /--report cannot be written.*file/],
    ["an unwritable file", ["--json", folder], /--json cannot be written/],
  ])("%s", (_, args, message) => {
    const { status, stderr, stdout } = start("--report", join(folder, "page"), ...args);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^[^\n]+\n$/);
  });
});

test("a host alone prints its rows, says how far it came, and writes its numbers", () => {
  const args = ["--host", "synaptic", "--samples", "120", "--json", "numbers.json"];
  const { status, stdout, stderr } = start(...args, "--report", "page");
  expect(status).toBe(0);
  expect(stdout).toMatch(/synaptic +│ without +│ +1 │ +[\d.]+ %/);
  expect(stdout).toMatch(/synaptic +│ with +│ +60 │ +[\d.]+ %/);
  expect(stdout).not.toContain("brain.js");
  expect(stderr).toMatch(/^synaptic without Batch Normalization: 120 samples, /);
  const { runs, options } = JSON.parse(readFileSync(join(folder, "numbers.json"), "utf8"));
  expect([runs.length, options.samples]).toEqual([2, 120]);
});

test("--help prints every option", () => {
  const { status, stdout } = start("--help");
  expect(status).toBe(0);
  for (const name of ["host", "samples", "seed", "batch", "rate", "cap", "mnist", "report", "json"])
    expect(stdout).toContain(`--${name}`);
});

describe("the command line", () => {
  test("has defaults", () => {
    expect(readJobOptions([])).toEqual({
      ...{ hosts: ["tfjs", "brain", "synaptic"], samples: 90_000, seed: 1, batchSize: 60 },
      ...{ rate: null, cap: 20, mnist: null, report: null, json: null, help: false },
    });
  });

  test("takes what it names, and a host more than once", () => {
    const args =
      "--host synaptic --host tfjs --samples 600 --seed 7 --batch 30 --rate 0.1 --cap 2.5";
    expect(readJobOptions(args.split(" "))).toMatchObject({
      ...{ hosts: ["tfjs", "synaptic"], samples: 600, seed: 7, batchSize: 30, rate: 0.1, cap: 2.5 },
    });
  });

  test("is told again by a command that asks for the same", () => {
    const args = "--host brain --samples 600 --batch 30 --rate 0.1 --cap 2 --mnist there --seed 7";
    expect(commandOf(readJobOptions(args.split(" ")))).toBe(
      `npm start -- ${args.replace("there", '"there"')}`,
    );
    expect(commandOf(readJobOptions([]))).toBe("npm start -- --seed 1");
  });

  test.each([
    ["--samples", "59"],
    ["--samples", "1e3"],
    ["--seed", "-1"],
    ["--batch", "1"],
    ["--rate", "0"],
    ["--rate", "fast"],
    ["--cap", "-3"],
    ["--cap", ""],
    ["60"],
  ])("refuses %s %s", (...args) => {
    expect(() => readJobOptions(args)).toThrow(UsageError);
  });
});
