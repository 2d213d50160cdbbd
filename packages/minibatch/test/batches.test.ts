import { expectRefusal } from "@batchnorm/conformance/vitest";
import { balancedBatches } from "@batchnorm/minibatch";
import * as fc from "fast-check";
import { expect, test } from "vitest";

// The same cases on every run.
fc.configureGlobal({ seed: 20261121 });

const sizesOf = (samples: number, size: number, normalized = true): number[] => {
  const batches = balancedBatches(samples, size, normalized);
  return Array.from(
    { length: batches.count },
    (_, i) => batches.startOf(i + 1) - batches.startOf(i),
  );
};

test("batches hold every sample once, differ by at most one, and none has a single sample", () => {
  const samples = fc.integer({ min: 2, max: 10_000 });
  const size = fc.integer({ min: 2, max: 500 });
  fc.assert(
    fc.property(samples, size, (samples, size) => {
      const sizes = sizesOf(samples, size);
      const largest = Math.max(...sizes);
      expect(sizes.reduce((a, b) => a + b)).toBe(samples);
      expect(largest - Math.min(...sizes)).toBeLessThanOrEqual(1);
      expect(Math.min(...sizes)).toBeGreaterThanOrEqual(2);
      // A lone last sample joins a batch of two, and nothing else makes a batch larger than asked.
      expect(largest).toBeLessThanOrEqual(size === 2 && samples % 2 ? 3 : size);
      expect(balancedBatches(samples, size, true).largest).toBe(largest);
    }),
  );
});

test("there are no more batches than are needed", () => {
  expect(sizesOf(1000, 32)).toHaveLength(32);
  expect(sizesOf(33, 32)).toEqual([16, 17]);
  expect(sizesOf(4, 32)).toEqual([4]);
  expect(sizesOf(5, 2)).toEqual([2, 3]);
  expect(sizesOf(3, 2)).toEqual([3]);
});

test("without Batch Normalization, a batch of one is what batchSize 1 asks for, and nothing else", () => {
  expect(sizesOf(3, 1, false)).toEqual([1, 1, 1]);
  expect(sizesOf(1, 1, false)).toEqual([1]);
  expect(sizesOf(1, 8, false)).toEqual([1]);
  expect(sizesOf(5, 2, false)).toEqual([2, 3]);
});

test("with Batch Normalization, a batch or a set of one sample is refused", () => {
  expectRefusal("ERR_BATCHNORM_OPTION", () => balancedBatches(10, 1, true));
  expectRefusal("ERR_BATCHNORM_TOO_FEW_VALUES", () => balancedBatches(1, 8, true));
  expectRefusal("ERR_BATCHNORM_TOO_FEW_VALUES", () => balancedBatches(0, 8, false));
  expectRefusal("ERR_BATCHNORM_OPTION", () => balancedBatches(10, 2.5, false));
});
