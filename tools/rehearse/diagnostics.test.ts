import { expect, test } from "vitest";
import { requireCleanTypes } from "./diagnostics.ts";

test("a diagnostic in a host's types is not ours", () => {
  requireCleanTypes(
    [
      "node_modules/brain.js/dist/index.d.ts(1,24): error TS2307: Cannot find module 'gpu.js'.",
      "  Types of property 'a' are incompatible.",
      "../../node_modules/typescript/lib/lib.dom.d.ts(3,1): error TS2300: Duplicate identifier 'X'.",
    ].join("\n"),
  );
});

test.each([
  ["a consumer's file", "train.mts(3,10): error TS2305: Module has no exported member 'X'."],
  [
    "a file of ours",
    "node_modules/@batchnorm/tfjs/dist/op.d.ts(1,8): error TS2307: Cannot find it.",
  ],
  [
    "a file of ours inside of another package",
    "node_modules/x/node_modules/@batchnorm/core/dist/index.d.ts(1,8): error TS2307: Cannot find it.",
  ],
  ["no file", "error TS5023: Unknown compiler option 'stric'."],
])("a diagnostic in %s fails", (_, line) => {
  expect(() => requireCleanTypes(line)).toThrow(line);
});
