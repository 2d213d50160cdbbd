import { expect, test } from "vitest";
import { OptionsError, parseOptions } from "./options.ts";
import { suites } from "./suites.ts";

const parse = (...args: string[]) => parseOptions(args, suites);

test("without arguments everything there is runs, seven rounds", () => {
  const options = parse();
  expect(options.suites).toEqual(suites);
  expect(options.shapes).toEqual([...new Set(suites.flatMap(({ shapes }) => shapes))]);
  expect(options.subjects).toContain("pytorch");
  // Two suites have it, and it is named once.
  expect(options.subjects.filter((name) => name === "ours")).toHaveLength(1);
  expect(options.rounds).toBe(7);
  expect(options.json).toBeUndefined();
});

test("names come with commas or one flag each, and keep the order of the table", () => {
  expect(parse("--shape", "E,C").shapes).toEqual(["C", "E"]);
  expect(parse("--op", "inference", "--op", "forward").ops).toEqual(["forward", "inference"]);
});

test("an unknown name is refused with the names there are", () => {
  expect(() => parse("--suite", "kernel")).toThrow(
    "--suite must be one of kernels, minibatch, tfjs-cpu, tfjs-wasm, tfjs-webgl, tfjs-webgpu, brain, synaptic, got kernel",
  );
  expect(() => parse("--suite", "kernels", "--shape", "A,Z")).toThrow(
    "--shape must be one of A, B, C, D, E, F, 60×784×100, 60×100×100, got Z",
  );
});

test.each([
  [["--rounds", "0"], "integer ≥ 1"],
  [["--rounds", "many"], "integer ≥ 1"],
  [["--fast"], "--fast"],
  [["stray"], "stray"],
])("%j is refused, naming the culprit", (args, culprit) => {
  expect(() => parse(...args)).toThrow(OptionsError);
  expect(() => parse(...args)).toThrow(culprit);
});
