import "@tensorflow/tfjs-backend-wasm";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { memory, setBackend } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { loadDigits } from "../src/digits.ts";
import { type Result, run } from "../src/experiment.ts";
import { readOptions, UsageError } from "../src/options.ts";
import { report } from "../src/report.ts";
import { shuffled } from "../src/shuffle.ts";

describe("the digits", () => {
  const { train, test: rest } = loadDigits("1");

  test("are 1,500 to train with and 297 to test with, none in both", () => {
    expect([train.labels.length, rest.labels.length]).toEqual([1500, 297]);
    const rows = ({ pixels, labels }: typeof train): string[] =>
      Array.from(labels, (label, i) => `${label}: ${pixels.subarray(i * 64, (i + 1) * 64)}`);
    const all = new Set([...rows(train), ...rows(rest)]);
    expect(all.size).toBe(1797);
  });

  test("have pixels in [0, 1] and about as many of each digit", () => {
    expect(train.pixels.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(Math.max(...train.pixels)).toBe(1);
    const counts = Array.from(
      { length: 10 },
      (_, digit) => train.labels.filter((l) => l === digit).length,
    );
    expect(Math.min(...counts)).toBeGreaterThan(120);
  });
});

test("a shuffled order is a permutation that only its seed decides", () => {
  const order = shuffled(100, "a");
  expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(shuffled(100, "a")).toEqual(order);
  expect(shuffled(100, "b")).not.toEqual(order);
});

describe("the experiment", () => {
  const checkpoints = [300, 1500, 3000];
  const train = (batchNorm: boolean, onStep = (_: number): void => {}): Promise<Result> =>
    run({ ...loadDigits("1"), batchNorm, seed: 1, rate: 0.5, checkpoints, onStep });

  beforeAll(async () => {
    const resolve = createRequire(import.meta.url).resolve;
    setWasmPaths(dirname(resolve("@tensorflow/tfjs-backend-wasm")) + sep);
    await setBackend("wasm");
  });

  test("learns with Batch Normalization while it has not begun without", async () => {
    const steps: number[] = [];
    const withBN = await train(true, (seen) => steps.push(seen));
    expect(steps).toEqual(Array.from({ length: 50 }, (_, i) => 60 * (i + 1)));
    expect(withBN.accuracies.at(-1)).toBeGreaterThan(0.9);
    expect((await train(false)).accuracies.at(-1)).toBeLessThan(0.3);
  });

  test("gives the same accuracies for the same seed, and leaves no tensor behind", async () => {
    const first = await train(true);
    const before = memory().numTensors;
    expect((await train(true)).accuracies).toEqual(first.accuracies);
    expect(memory().numTensors).toBe(before);
  });
});

test("the report says when 95 % was reached, and when it was not", () => {
  const text = report(
    [300, 1500],
    { accuracies: [0.1, 0.5], seconds: 1 },
    { accuracies: [0.6, 0.951], seconds: 2 },
  );
  expect(text).toMatch(/│\s+1,500 │\s+50\.0 % │\s+95\.1 % │/);
  expect(text).toContain("without: not at 95.0 % after 1,500 samples; 1.0 s in all");
  expect(text).toContain("with Batch Normalization: 95.0 % reached by 1,500 samples; 2.0 s in all");
});

describe("the command line", () => {
  test("has defaults and takes what it names", () => {
    expect(readOptions([])).toEqual({ samples: 90_000, seed: 1, help: false });
    expect(readOptions(["--samples", "600", "--seed", "7", "--help"])).toEqual({
      samples: 600,
      seed: 7,
      help: true,
    });
  });

  test.each([
    ["--samples", "59"],
    ["--samples", "many"],
    ["--samples", "1e3"],
    ["--seed", "-1"],
    ["--sample", "60"],
    ["60"],
  ])("refuses %s %s in one line", (...args) => {
    expect(() => readOptions(args)).toThrow(UsageError);
    expect(() => readOptions(args)).toThrow(/^[^\n]+$/);
  });
});

describe("the examples with brain.js", () => {
  test.each([
    ["brain-digits", 0.95],
    ["brain-raw-features", 0.95],
  ])("%s ends with a network that learned, as docs/brain.md has it", (name, least) => {
    const file = new URL(`../src/${name}.ts`, import.meta.url).pathname;
    const printed = execFileSync(process.execPath, ["--conditions=@batchnorm/source", file], {
      encoding: "utf8",
    });
    const last = printed.match(/([\d.]+) % │\n└/)?.[1];
    expect(Number(last) / 100).toBeGreaterThan(least);
    const page = readFileSync(new URL("../../../docs/brain.md", import.meta.url), "utf8");
    const numbers = (text: string): string[] => text.match(/\d+ │ +[\d.]+ %/g) ?? [];
    expect(numbers(page)).toEqual(expect.arrayContaining(numbers(printed)));
  });
});
