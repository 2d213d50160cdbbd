import { BatchNorm, virtualBatches } from "@batchnorm/core";
import { describe, expect, test } from "vitest";
import { normals } from "./random.ts";
import { expectRefusal } from "./refusal.ts";

const train = { training: true };
const sizes = (shape: number[], axis: number, size: number): [number, number][] =>
  virtualBatches(shape, axis, size).map(({ start, layout }) => [
    start,
    layout.outer * layout.inner,
  ]);

describe("virtualBatches", () => {
  test.each([
    {
      shape: [8, 3],
      axis: 1,
      size: 4,
      parts: [
        [0, 4],
        [12, 4],
      ],
    },
    {
      shape: [7, 3],
      axis: 1,
      size: 4,
      parts: [
        [0, 4],
        [12, 3],
      ],
    },
    {
      shape: [9, 3],
      axis: 1,
      size: 4,
      parts: [
        [0, 4],
        [12, 5],
      ],
    },
    {
      shape: [9, 2, 2],
      axis: 1,
      size: 4,
      parts: [
        [0, 8],
        [16, 8],
        [32, 2],
      ],
    },
    {
      shape: [3, 2, 5],
      axis: -1,
      size: 1,
      parts: [
        [0, 2],
        [10, 2],
        [20, 2],
      ],
    },
    { shape: [3, 2], axis: 1, size: 100, parts: [[0, 3]] },
    { shape: [1, 2], axis: 1, size: 1, parts: [[0, 1]] },
    { shape: [0, 2], axis: 1, size: 4, parts: [[0, 0]] },
  ])("cuts $shape into $size a part: $parts", ({ shape, axis, size, parts }) => {
    expect(sizes(shape, axis, size)).toEqual(parts);
  });

  test("is refused where the first axis holds channels", () => {
    expectRefusal("ERR_BATCHNORM_AXIS", () => virtualBatches([4, 2], 0, 2));
    expectRefusal("ERR_BATCHNORM_AXIS", () => virtualBatches([4, 2], -2, 2));
  });
});

describe("a layer with virtual batches", () => {
  const shape = [7, 2, 3];
  const options = { axis: 1, momentum: 0.9, virtualBatchSize: 4 };
  const x = normals("x", 42, 2);
  const dy = normals("dy", 42);

  test("does what it would do with one after the other", () => {
    const [layer, plain] = [
      new BatchNorm(2, options),
      new BatchNorm(2, { axis: 1, momentum: 0.9 }),
    ];
    const y = layer.forward(x, shape, train);
    const { dx, dgamma, dbeta } = layer.backward(dy);
    const sums = [0, 0, 0, 0];
    for (const [start, samples] of [
      [0, 4],
      [24, 3],
    ] as const) {
      const end = start + samples * 6;
      expect(y.slice(start, end)).toEqual(
        plain.forward(x.slice(start, end), [samples, 2, 3], train),
      );
      const part = plain.backward(dy.slice(start, end));
      expect(dx.slice(start, end)).toEqual(part.dx);
      for (const [i, value] of [...part.dgamma, ...part.dbeta].entries()) sums[i]! += value;
    }
    expect([...dgamma, ...dbeta]).toEqual(sums);
    expect(layer.toState()).toEqual(plain.toState());
  });

  test("hides by a mask in each", () => {
    const mask = Uint8Array.from({ length: 21 }, (_, i) => +(i % 3 !== 1));
    const [layer, plain] = [
      new BatchNorm(2, options),
      new BatchNorm(2, { axis: 1, momentum: 0.9 }),
    ];
    const y = layer.forward(x, shape, { ...train, mask });
    const first = plain.forward(x.slice(0, 24), [4, 2, 3], { ...train, mask: mask.slice(0, 12) });
    const last = plain.forward(x.slice(24), [3, 2, 3], { ...train, mask: mask.slice(12) });
    expect(Array.from(y)).toEqual([...first, ...last]);
    expect(layer.toState()).toEqual(plain.toState());
  });

  test("enters all of them or none", () => {
    for (const renorm of [null, {}]) {
      const layer = new BatchNorm(2, { ...options, renorm });
      layer.forward(x, shape, train);
      const before = layer.toState();
      const bad = x.map((value, i) => (i === 41 ? Number.NaN : value));
      expectRefusal("ERR_BATCHNORM_NON_FINITE", () => layer.forward(bad, shape, train));
      expect(layer.toState()).toEqual(before);
      layer.forward(x, shape, train);
      expect(layer.running?.updates).toBe(4);
    }
  });

  test("corrects each by what was known before it", () => {
    const renorm = { rmax: 2, dmax: 1 };
    const layer = new BatchNorm(2, { ...options, renorm });
    const plain = new BatchNorm(2, { axis: 1, momentum: 0.9, renorm });
    const y = layer.forward(x, shape, train);
    const first = plain.forward(x.slice(0, 24), [4, 2, 3], train);
    const last = plain.forward(x.slice(24), [3, 2, 3], train);
    expect(Array.from(y)).toEqual([...first, ...last]);
    expect(layer.toState()).toEqual(plain.toState());
  });

  test("cuts at inference too where the batch normalizes, and moves nothing", () => {
    const layer = new BatchNorm(2, { ...options, useBatchStatistics: true });
    expect(layer.forward(x, shape)).toEqual(new BatchNorm(2, options).forward(x, shape, train));
    expect(layer.running?.updates).toBe(0);
  });

  test("gives beta, uncorrected, where a mask hides a whole one", () => {
    const layer = new BatchNorm(2, { ...options, renorm: {} });
    layer.forward(x, shape, train);
    layer.beta?.set([5, 5]);
    const mask = Uint8Array.from({ length: 21 }, (_, i) => +(i >= 12));
    const y = layer.forward(x, shape, { ...train, mask });
    expect(y.slice(0, 24)).toEqual(new Float64Array(24).fill(5));
    expect(layer.running?.updates).toBe(3);
  });

  test("takes an empty batch, and cuts none at inference", () => {
    const layer = new BatchNorm(2, options);
    expect(layer.forward(new Float32Array(0), [0, 2, 3], train)).toEqual(new Float32Array(0));
    expect(layer.running?.updates).toBe(0);
    layer.forward(x, shape, train);
    expect(layer.forward(x, shape)).toEqual(
      BatchNorm.fromState(layer.toState(), { axis: 1 }).forward(x, shape),
    );
  });
});
