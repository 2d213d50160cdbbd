import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { loadDigits } from "../src/digits.ts";
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
