import * as core from "@batchnorm/core";
import { arena, forwardTraining, multiply } from "@batchnorm/kernels";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

/** More than the memory that a page starts with. */
const length = 400_000;

beforeEach(() => {
  vi.spyOn(WebAssembly.Memory.prototype, "grow").mockImplementation(() => {
    throw new RangeError("WebAssembly.Memory.grow(): Maximum memory size exceeded");
  });
});
afterEach(() => vi.restoreAllMocks());

test("a pass that the memory cannot hold is core's", () => {
  const layout = { outer: length / 4, channels: 4, inner: 1 };
  const x = Float32Array.from({ length }, (_, i) => i % 7);
  const { y } = forwardTraining(x, layout, { epsilon: 1e-5 });
  expect(WebAssembly.Memory.prototype.grow).toHaveBeenCalled();
  const truth = core.forwardTraining(x, layout, { epsilon: 1e-5 });
  expect(y.every((value, i) => value === truth.y[i])).toBe(true);
});

test("a product that the memory cannot hold is TypeScript's", () => {
  const b = Float32Array.from({ length }, (_, i) => i % 7);
  const c = multiply(Float32Array.of(1, 2), b, { rows: 1, inner: 2, columns: length / 2 });
  expect(WebAssembly.Memory.prototype.grow).toHaveBeenCalled();
  const half = length / 2;
  expect(c.every((value, i) => value === (i % 7) + 2 * ((i + half) % 7))).toBe(true);
});

test("a tensor that the memory cannot hold has an array of its own", () => {
  const tensor = arena.float32(length);
  expect(tensor.array.buffer).not.toBe(arena.memory?.buffer);
  tensor.free();
});
