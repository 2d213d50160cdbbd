import { expect, test } from "vitest";
import { firstDifference } from "./first-difference.ts";

test("equal texts do not differ", () => {
  expect(firstDifference("a\nb\n", "a\nb\n")).toBeNull();
});

test("a change is shown with its line, before and after", () => {
  const said = firstDifference("a\nfoo(x: number): void;\n", "a\nfoo(x: string): void;\n");
  expect(said).toBe(
    "line 2 reads\n  foo(x: number): void;\nand should read\n  foo(x: string): void;",
  );
});

test.each([
  ["a\n", "a\nb\n", "line 2 reads\n  \nand should read\n  b"],
  ["a\nb", "a", "line 2 reads\n  b\nand should read\n  (the end)"],
  ["a", "a\nb", "line 2 reads\n  (the end)\nand should read\n  b"],
])("an end that comes sooner or later is a difference", (written, made, said) => {
  expect(firstDifference(written, made)).toBe(said);
});

test("a file that is missing, or of nothing, is said to be", () => {
  expect(firstDifference(undefined, "a")).toBe("is missing");
  expect(firstDifference("a", undefined)).toBe("is of nothing that there is");
});
