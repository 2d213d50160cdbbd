import { BatchNormError, refuse } from "@batchnorm/core";
import { expect, test } from "vitest";

test("an error carries a stable code and says what was received", () => {
  const received: [unknown, string][] = [
    [2, "2"],
    ["two", '"two"'],
    [undefined, "undefined"],
    [null, "null"],
    [[1, "a", [2]], '[1, "a", an array of 1]'],
    [new Array(8).fill(0), "[0, 0, 0, 0, 0, 0, 0, 0]"],
    ["x".repeat(100), `"${"x".repeat(60)}"`],
    [new Array(9).fill(0), "an array of 9"],
    [new Float32Array(3), "Float32Array of 12 bytes"],
    [{}, "a value of type Object"],
    [Math.sqrt, "a function"],
    [Symbol("s"), "Symbol(s)"],
    [3n, "3"],
  ];
  for (const [value, text] of received) {
    const call = (): never => refuse("ERR_BATCHNORM_OPTION", "momentum must lie in [0, 1]", value);
    expect(call).toThrow(BatchNormError);
    expect(call).toThrow(`momentum must lie in [0, 1], got ${text}`);
    expect(call).toThrow(
      expect.objectContaining({ code: "ERR_BATCHNORM_OPTION", name: "BatchNormError" }),
    );
  }
});
