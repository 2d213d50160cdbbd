import { expectRefusal } from "@batchnorm/conformance/vitest";
import { BatchNormError } from "@batchnorm/core";
import {
  Arena,
  arena,
  FirstFit,
  forwardTraining,
  releaseScratch,
  useBackend,
} from "@batchnorm/kernels";
import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";

const page = 65_536;

describe("the arena", () => {
  beforeAll(() => useBackend("simd"));

  test("a tensor is zeros, and keeps its values when the memory grows", () => {
    const tensor = arena.float32(1000);
    expect(tensor.array).toEqual(new Float32Array(1000));
    const before = tensor.array.fill(7);
    const large = arena.float64((arena.memory?.buffer.byteLength ?? 0) / 4);
    expect(before.length).toBe(0);
    expect(tensor.array).toEqual(new Float32Array(1000).fill(7));
    large.free();
    tensor.free();
  });

  test("views are one object until the memory grows", () => {
    const tensor = arena.float32(4);
    expect(tensor.array).toBe(tensor.array);
    tensor.free();
  });

  test("memory is used again once freed, zeroed", () => {
    const first = arena.float32(5000);
    first.array.fill(1);
    const { byteOffset } = first.array;
    first.free();
    first.free();
    const second = arena.float32(5000);
    expect(second.array.byteOffset).toBe(byteOffset);
    expect(second.array.every((value) => value === 0)).toBe(true);
    second.free();
  });

  test("a freed tensor is refused", () => {
    const tensor = arena.float32(4);
    tensor.free();
    expectRefusal("ERR_BATCHNORM_DISPOSED", () => tensor.array);
  });

  test.each([-1, 1.5, Number.NaN, 2 ** 53])("a length of %d is refused", (length) => {
    expectRefusal("ERR_BATCHNORM_SHAPE", () => arena.float32(length));
  });

  test("what the memory cannot hold is an array of its own, and works", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
    const small = new Arena(memory);
    const [inside, outside] = [small.float32(20_000), small.float32(20_000)];
    expect(inside.array.buffer).toBe(memory.buffer);
    expect(outside.array.buffer).not.toBe(memory.buffer);
    outside.array.fill(3);
    expect(outside.array).toEqual(new Float32Array(20_000).fill(3));
    outside.free();
    expectRefusal("ERR_BATCHNORM_DISPOSED", () => outside.array);
  });

  test("a view that growth emptied is refused, with the reason", () => {
    const tensor = arena.float32(8);
    const stale = tensor.array;
    arena.float64((arena.memory?.buffer.byteLength ?? 0) / 4).free();
    const layout = { outer: 4, channels: 2, inner: 1 };
    const error = expectRefusal("ERR_BATCHNORM_SHAPE", () =>
      forwardTraining(stale, layout, { epsilon: 1e-5 }),
    );
    expect(error.message).toBe("x must hold 8 values and be attached to its memory, got 0");
    expect(error).toBeInstanceOf(BatchNormError);
    forwardTraining(tensor.array, layout, { epsilon: 1e-5 });
    tensor.free();
  });

  test("a pass that has to grow the memory for a plain result still finds its input", () => {
    releaseScratch();
    const rows = (arena.memory?.buffer.byteLength ?? 0) / 16;
    const layout = { outer: rows, channels: 4, inner: 1 };
    const x = arena.float32(4 * rows);
    x.array.fill(1);
    const size = arena.memory?.buffer.byteLength;
    const { y } = forwardTraining(x.array, layout, {
      epsilon: 1e-5,
      beta: Float32Array.of(1, 2, 3, 4),
    });
    expect(arena.memory?.buffer.byteLength).toBeGreaterThan(size ?? 0);
    expect(y.length).toBe(4 * rows);
    expect(y.every((value, i) => value === (i % 4) + 1)).toBe(true);
    x.free();
  });

  test("a pass that has to grow the memory still finds its tensors there", () => {
    releaseScratch();
    const layout = { outer: 4, channels: 100_000, inner: 1 };
    const [x, y] = [arena.float32(400_000), arena.float32(400_000)];
    x.array.fill(1);
    const moments = {
      count: 0,
      mean: arena.float64(100_000).array,
      meanLow: new Float64Array(100_000),
      m2: new Float64Array(100_000),
    };
    moments.mean.fill(5);
    const grown = arena.memory?.buffer.byteLength ?? 0;
    // Leaves no gap in which the frame of so many channels would fit.
    const rest = [arena.float32(2_000_000), arena.float32(2_000_000)];
    const fresh = { y: y.array, moments: { ...moments, mean: new Float64Array(100_000) } };
    const result = forwardTraining(x.array, layout, { epsilon: 1e-5 }, fresh);
    expect(arena.memory?.buffer.byteLength).toBeGreaterThan(grown);
    expect(result.y.byteOffset).toBe(y.array.byteOffset);
    expect(result.y.length).toBe(400_000);
    expect(result.y.every((value) => value === 0)).toBe(true);
    expect(result.moments.mean.every((value) => value === 1)).toBe(true);
    for (const tensor of [x, y, ...rest]) tensor.free();
  });
});

test("the allocator hands out pieces that do not overlap, and gets all of them back", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 3 * page }), fc.nat(9)), { maxLength: 60 }),
      (steps) => {
        const memory = new WebAssembly.Memory({ initial: 1 });
        const allocator = new FirstFit(memory);
        const held = new Map<number, number>();
        for (const [bytes, choice] of steps) {
          const pointer = allocator.allocate(bytes);
          expect(pointer % 64).toBe(0);
          // What AssemblyScript's optimizer relies on.
          expect(pointer).toBeGreaterThanOrEqual(1024);
          expect(pointer + bytes).toBeLessThanOrEqual(memory.buffer.byteLength);
          for (const [other, size] of held) {
            expect(pointer + bytes <= other || other + size <= pointer).toBe(true);
          }
          held.set(pointer, bytes);
          const [freed] = [...held.keys()].slice(choice);
          if (freed !== undefined && choice % 2 === 0) {
            allocator.free(freed);
            held.delete(freed);
          }
        }
        for (const pointer of held.keys()) allocator.free(pointer);
        const size = memory.buffer.byteLength;
        // One gap again: everything from its start on, less the stagger, fits without growth.
        expect(allocator.allocate(size - 3072)).toBe(1024);
        expect(memory.buffer.byteLength).toBe(size);
      },
    ),
    { seed: 20261121, numRuns: 100 },
  );
});
