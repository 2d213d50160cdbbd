import * as core from "@batchnorm/core";
import { type Allocator, Kernels } from "@batchnorm/kernels";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { layouts, normals } from "./random.ts";

/** Where frames go: behind a host library's own data. */
const heapBase = 2 ** 20;

/** A host's `malloc`, as far as it is asked. */
const allocator = (): Allocator => {
  let next = heapBase;
  return {
    allocate(bytes) {
      const pointer = next;
      next += (bytes + 15) & ~15;
      return pointer;
    },
    free: () => undefined,
  };
};

const plain = (): WebAssembly.Memory => new WebAssembly.Memory({ initial: 32 });
const shared = (): WebAssembly.Memory =>
  new WebAssembly.Memory({ initial: 32, maximum: 1000, shared: true });
// Pages have shared memory only if they are served with headers that a test page is not.
const memories = typeof SharedArrayBuffer === "undefined" ? { plain } : { plain, shared };

describe.each(Object.entries(memories))("on a %s memory of someone else's", (_name, make) => {
  test("the module writes nothing until it is called", () => {
    const memory = make();
    const bytes = new Uint8Array(memory.buffer).fill(0xa5);
    new Kernels(memory, allocator());
    expect(bytes.every((byte) => byte === 0xa5)).toBe(true);
  });

  test("every pass writes its result and its frame, and no byte else", () => {
    const memory = make();
    const bytes = new Uint8Array(memory.buffer);
    const small = layouts.filter((layout) => core.sizeOf(layout) < 20_000);
    const gaps = fc.tuple(fc.nat(31), fc.nat(31), fc.nat(31));
    fc.assert(
      fc.property(small, gaps, fc.constantFrom("y", "x", "dy"), (layout, gaps, into) => {
        const size = core.sizeOf(layout);
        // Tensors at any multiple of 4, with guard bytes around them.
        let end = 1024;
        const [x = 0, dy = 0, y = 0] = gaps.map((gap) => {
          const pointer = end + 64 + 4 * gap;
          end = pointer + 4 * size;
          return pointer;
        });
        const result = { y, x, dy }[into];
        bytes.fill(0xa5);
        new Float32Array(memory.buffer, x, size).set(normals("x", size, 1));
        new Float32Array(memory.buffer, dy, size).set(normals("dy", size));
        const before = bytes.slice();

        const kernels = new Kernels(memory, allocator());
        kernels.reserve(layout);
        kernels.load(kernels.frame.gamma, null, layout.channels, 1);
        kernels.load(kernels.frame.beta, null, layout.channels);
        kernels.moments(x, layout);
        kernels.prepare(layout, core.valuesPerChannel(layout), 1e-3);
        kernels.sum(dy, x, layout);
        if (into === "x") kernels.transform(x, result, layout);
        if (into === "dy") kernels.scale(dy, result, layout);
        if (into === "y") kernels.propagate(dy, x, result, layout);

        const frame = [heapBase, heapBase + kernels.frameSize(layout)] as const;
        const allowed = [[result, result + 4 * size] as const, frame];
        const stray = bytes.findIndex(
          (byte, i) => byte !== before[i] && !allowed.some(([from, to]) => from <= i && i < to),
        );
        expect(stray).toBe(-1);
      }),
      { seed: 20261121, numRuns: 100 },
    );
  });

  // Reading ahead of what is computed must stop where the tensor stops: beyond the memory it would trap.
  test.each([
    [100, 256, 1],
    [100, 20, 1],
    [1400, 64, 1],
    [1397, 63, 1],
    [701, 128, 1],
    [90, 1024, 1],
    [30, 3, 1000],
  ])("tensors may end where the memory does: [%i, %i, %i]", (outer, channels, inner) => {
    const layout = { outer, channels, inner };
    const size = core.sizeOf(layout);
    const memory = make();
    const end = memory.buffer.byteLength;
    const [first, last] = [1024, end - 4 * size];
    const kernels = new Kernels(memory, allocator());
    kernels.reserve(layout);
    kernels.load(kernels.frame.gamma, null, channels, 1);
    kernels.load(kernels.frame.beta, null, channels);
    new Float32Array(memory.buffer, last, size).set(normals("x", size, 1));
    new Float32Array(memory.buffer, first, size).set(normals("dy", size));
    expect(kernels.moments(last, layout)).toBe(true);
    expect(kernels.prepare(layout, core.valuesPerChannel(layout), 1e-3)).toBe(true);
    expect(kernels.sum(first, last, layout)).toBe(true);
    expect(kernels.sum(last, first, layout)).toBe(true);
    kernels.propagate(first, last, first, layout);
    kernels.propagate(last, first, first, layout);
    kernels.transform(last, first, layout);
  });

  test("the passes give what core gives", () => {
    const memory = make();
    const kernels = new Kernels(memory, allocator());
    const layout = { outer: 50, channels: 7, inner: 3 };
    const values = normals("x", core.sizeOf(layout), 5);
    const [x, y] = [4096, 65_536];
    new Float32Array(memory.buffer, x, values.length).set(values);
    kernels.reserve(layout);
    kernels.load(kernels.frame.gamma, null, 7, 1);
    kernels.load(kernels.frame.beta, null, 7);
    expect(kernels.moments(x, layout)).toBe(true);
    expect(kernels.prepare(layout, 150, 1e-5)).toBe(true);
    kernels.transform(x, y, layout);
    const exact = core.forwardTraining(values, layout, { epsilon: 1e-5 });
    const ours = new Float32Array(memory.buffer, y, values.length);
    const off = exact.y.map((value, i) => Math.abs(value - (ours[i] as number)));
    expect(Math.max(...off)).toBeLessThan(1e-6);
  });
});
