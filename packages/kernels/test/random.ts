import { type Layout, sizeOf } from "@batchnorm/core";
import * as fc from "fast-check";
import seedrandom from "seedrandom";

/** Seeded normal deviates by the method of Box and Muller: the same numbers on every machine. */
export function normals(seed: string, length: number, mean = 0, deviation = 1): Float32Array {
  const random = seedrandom(seed);
  return Float32Array.from({ length }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    return mean + deviation * radius * Math.cos(2 * Math.PI * random());
  });
}

/** Layouts on both sides of every threshold that the kernels have: vectors, groups, blocks, strips. */
export const layouts: fc.Arbitrary<Layout> = fc
  .oneof(
    fc.record({
      outer: fc.integer({ min: 1, max: 300 }),
      channels: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(63, 64, 100, 257)),
      inner: fc.constant(1),
    }),
    fc.record({
      outer: fc.integer({ min: 1, max: 40 }),
      channels: fc.integer({ min: 1, max: 9 }),
      inner: fc.oneof(
        fc.integer({ min: 2, max: 70 }),
        fc.constantFrom(255, 256, 257, 2047, 2048, 2049, 2305),
      ),
    }),
  )
  .filter((layout) => sizeOf(layout) < 100_000);
