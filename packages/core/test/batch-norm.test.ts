import { BatchNorm, type BatchNormOptions } from "@batchnorm/core";
import { describe, expect, test } from "vitest";
import { normals } from "./random.ts";
import { expectRefusal } from "./refusal.ts";

const x = normals("x", 12, 4, 2);
const dy = normals("dy", 12);
const train = { training: true };

describe("training", () => {
  test("normalizes by the batch and moves the running statistics", () => {
    const layer = new BatchNorm(1, {
      momentum: 0.75,
      start: "zero-one",
      varianceEstimator: "biased",
    });
    const y = layer.forward(Float64Array.of(2, 6), [2, 1], train);
    expect(y[1]).toBeCloseTo(2 / Math.sqrt(4 + 1e-5), 15);
    expect(layer.running).toMatchObject({
      mean: Float64Array.of(1),
      variance: Float64Array.of(1.75),
    });
  });

  test("agrees with itself whichever axis holds the channels", () => {
    const last = new BatchNorm(2).forward(x, [6, 2], train);
    const transposed = x.map((_, i) => x[(i % 6) * 2 + Math.floor(i / 6)] as number);
    const first = new BatchNorm(2, { axis: 0 }).forward(transposed, [2, 6], train);
    for (const [i, value] of first.entries())
      expect(value).toBe(last[(i % 6) * 2 + Math.floor(i / 6)]);
  });

  test("lowers a loss when gamma and beta follow their gradients", () => {
    const layer = new BatchNorm(2);
    const target = normals("target", 12);
    const losses = Array.from({ length: 10 }, () => {
      const y = layer.forward(x, [6, 2], train);
      const error = y.map((value, i) => value - (target[i] as number));
      const { dgamma, dbeta } = layer.backward(error);
      for (const c of [0, 1]) {
        (layer.gamma as Float64Array)[c]! -= 0.1 * (dgamma[c] as number);
        (layer.beta as Float64Array)[c]! -= 0.1 * (dbeta[c] as number);
      }
      return error.reduce((sum, e) => sum + e * e, 0);
    });
    expect(losses.every((loss, i) => i === 0 || loss < (losses[i - 1] as number))).toBe(true);
    expect(losses.at(-1)).toBeLessThan(0.9 * (losses[0] as number));
  });

  test("writes into out, which must not be x", () => {
    const layer = new BatchNorm(2);
    const out = new Float64Array(12);
    expect(layer.forward(x, [6, 2], { ...train, out })).toBe(out);
    const before = layer.toState();
    expectRefusal("ERR_BATCHNORM_SHAPE", () => layer.forward(x, [6, 2], { ...train, out: x }));
    expectRefusal("ERR_BATCHNORM_SHAPE", () =>
      layer.forward(x, [6, 2], { ...train, out: out.subarray(1) }),
    );
    expect(layer.toState()).toEqual(before);
  });

  test("is refused with epsilon 0, which inference takes", () => {
    const layer = new BatchNorm(2, { epsilon: 0 });
    expect(new BatchNorm(2, { epsilon: 0, trainable: false }).forward(x, [6, 2], train)).toEqual(x);
    expectRefusal("ERR_BATCHNORM_OPTION", () => layer.forward(x, [6, 2], train));
    expect(layer.forward(x, [6, 2])).toEqual(x);
  });

  test("without gamma and beta gives xHat, and still their gradients", () => {
    const layer = new BatchNorm(2, { scale: false, center: false });
    expect([layer.gamma, layer.beta]).toEqual([null, null]);
    const plain = new BatchNorm(2);
    expect(layer.forward(x, [6, 2], train)).toEqual(plain.forward(x, [6, 2], train));
    expect(layer.backward(dy)).toEqual(plain.backward(dy));
  });
});

describe("inference", () => {
  test("uses the running statistics and leaves them alone", () => {
    const layer = new BatchNorm(2, { epsilon: 1e-3 });
    layer.forward(x, [6, 2], train);
    const before = layer.toState();
    const y = layer.forward(Float64Array.of(5, 7), [1, 2]);
    const { mean, variance } = layer.running as NonNullable<typeof layer.running>;
    expect(y[1]).toBeCloseTo(
      (7 - (mean[1] as number)) / Math.sqrt((variance[1] as number) + 1e-3),
      14,
    );
    expect(layer.toState()).toEqual(before);
  });

  test("changes nothing but epsilon's share before the first update", () => {
    expect(new BatchNorm(2, { epsilon: 3 }).forward(x, [6, 2])).toEqual(
      x.map((value) => value / 2),
    );
  });

  test.each<BatchNormOptions>([{ trackRunningStatistics: false }, { useBatchStatistics: true }])(
    "goes by the batch with %j, and moves nothing",
    (options) => {
      const layer = new BatchNorm(2, options);
      const before = layer.toState();
      expect(layer.forward(x, [6, 2])).toEqual(new BatchNorm(2).forward(x, [6, 2], train));
      expect(layer.toState()).toEqual(before);
      const reference = new BatchNorm(2);
      reference.forward(x, [6, 2], train);
      expect(layer.backward(dy)).toEqual(reference.backward(dy));
    },
  );
});

test("options tell the present", () => {
  const layer = new BatchNorm(2);
  layer.trainable = false;
  expect(layer.options.trainable).toBe(false);
});

test("a layer frozen after its forward pass still goes back the way it came", () => {
  const [layer, other] = [new BatchNorm(2), new BatchNorm(2)];
  layer.forward(x, [6, 2], train);
  other.forward(x, [6, 2], train);
  layer.trainable = false;
  expect(layer.backward(dy)).toEqual(other.backward(dy));
});

test("a frozen layer that goes by the batch moves nothing", () => {
  const layer = new BatchNorm(2, { trainable: false, useBatchStatistics: true });
  const before = layer.toState();
  expect(layer.forward(x, [6, 2], train)).toEqual(new BatchNorm(2).forward(x, [6, 2], train));
  expect(layer.toState()).toEqual(before);
});

test("gamma 0 silences a channel but not its own gradient", () => {
  const layer = new BatchNorm(2);
  layer.gamma?.set([0, 1]);
  layer.beta?.set([3, 0]);
  for (const training of [true, false]) {
    const y = layer.forward(x, [6, 2], { training });
    expect(y.filter((_, i) => i % 2 === 0)).toEqual(new Float64Array(6).fill(3));
    const { dx, dgamma } = layer.backward(dy);
    expect(dx.every((value, i) => i % 2 === 1 || value === 0)).toBe(true);
    expect(dgamma[0]).not.toBe(0);
  }
});

test("a refused call leaves the pass before it, and out, as they were", () => {
  const layer = new BatchNorm(2);
  layer.forward(x, [6, 2], train);
  const { dx } = layer.backward(dy);
  const out = new Float64Array(12).fill(7);
  const bad = x.map((value, i) => (i === 0 ? Number.NaN : value));
  expectRefusal("ERR_BATCHNORM_NON_FINITE", () => layer.forward(bad, [6, 2], { ...train, out }));
  expectRefusal("ERR_BATCHNORM_TOO_FEW_VALUES", () =>
    layer.forward(x.subarray(0, 2), [1, 2], train),
  );
  expectRefusal("ERR_BATCHNORM_STATE", () => layer.loadState({}));
  expect(out).toEqual(new Float64Array(12).fill(7));
  expect(layer.backward(dy).dx).toEqual(dx);
});

test("inference by a variance that someone made negative is refused, and the pass before it stands", () => {
  const layer = new BatchNorm(2);
  layer.forward(x, [6, 2], train);
  const { dx } = layer.backward(dy);
  layer.running?.variance.fill(-1);
  expectRefusal("ERR_BATCHNORM_STATE", () => layer.forward(x, [6, 2]));
  expect(layer.backward(dy).dx).toEqual(dx);
});

test("out is written by every pass", () => {
  const layer = new BatchNorm(2);
  for (const training of [true, false]) {
    const [y, dx] = [new Float64Array(12), new Float64Array(12)];
    const [dgamma, dbeta] = [new Float64Array(2), new Float64Array(2)];
    expect(layer.forward(x, [6, 2], { training, out: y })).toBe(y);
    expect(y.every((value) => value !== 0)).toBe(true);
    const gradients = layer.backward(dy, { dx, dgamma, dbeta });
    expect(gradients.dx).toBe(dx);
    expect(gradients.dgamma).toBe(dgamma);
    expect(gradients.dbeta).toBe(dbeta);
    expect(gradients).toEqual(layer.backward(dy));
  }
});

test("a frozen layer runs as at inference, forward and backward, until it is released", () => {
  const layer = new BatchNorm(2);
  layer.forward(x, [6, 2], train);
  layer.trainable = false;
  const before = layer.toState();
  const frozen = layer.forward(x, [6, 2], train);
  const { dx } = layer.backward(dy);
  expect(layer.toState()).toEqual(before);
  expect(frozen).toEqual(layer.forward(x, [6, 2]));
  const r = 1 / Math.sqrt((layer.running?.variance[0] as number) + 1e-5);
  expect(dx[0]).toBe(r * (dy[0] as number));
  layer.trainable = true;
  layer.forward(x, [6, 2], train);
  expect(layer.running?.updates).toBe(2);
  expect(new BatchNorm(2, { trainable: false }).trainable).toBe(false);
});

describe("edges", () => {
  test("one value per channel is refused, with a way out", () => {
    const layer = new BatchNorm(2);
    const before = layer.toState();
    const error = expectRefusal("ERR_BATCHNORM_TOO_FEW_VALUES", () =>
      layer.forward(Float64Array.of(1, 2), [1, 2], train),
    );
    expect(error.message).toMatch(
      /2 values per channel or more.*running statistics.*onSingleValue.*got 1$/,
    );
    expect(layer.toState()).toEqual(before);
  });

  test('one value per channel gives beta under "beta", and variance 0 enters', () => {
    const layer = new BatchNorm(2, { onSingleValue: "beta" });
    layer.beta?.set([3, 4]);
    expect(layer.forward(Float64Array.of(1, 2), [1, 2], train)).toEqual(Float64Array.of(3, 4));
    expect(layer.running).toMatchObject({
      mean: Float64Array.of(1, 2),
      variance: Float64Array.of(0, 0),
      valuesPerChannel: 1,
    });
    expect(layer.backward(Float64Array.of(1, 1)).dx).toEqual(new Float64Array(2));
  });

  test("one value per channel is refused at inference too, where the batch normalizes", () => {
    const layer = new BatchNorm(2, { trackRunningStatistics: false });
    expectRefusal("ERR_BATCHNORM_TOO_FEW_VALUES", () =>
      layer.forward(Float64Array.of(1, 2), [1, 2]),
    );
  });

  test("a batch of one image is legal, and inference takes a single value", () => {
    expect(() => new BatchNorm(3, { axis: 1 }).forward(x, [1, 3, 4], train)).not.toThrow();
    expect(() => new BatchNorm(2).forward(Float64Array.of(1, 2), [1, 2])).not.toThrow();
  });

  test("an empty batch gives an empty y and changes nothing", () => {
    const layer = new BatchNorm(2);
    const before = layer.toState();
    for (const training of [true, false]) {
      expect(layer.forward(new Float32Array(0), [0, 2], { training })).toEqual(new Float32Array(0));
    }
    expect(layer.toState()).toEqual(before);
  });

  test("a NaN is refused under throw, passed on under skip, and never enters", () => {
    const poisoned = x.slice();
    poisoned[5] = Number.NaN;
    for (const onNonFinite of ["throw", "skip"] as const) {
      const layer = new BatchNorm(2, { onNonFinite, name: "conv1" });
      layer.forward(x, [6, 2], train);
      const before = layer.toState();
      const forward = (): unknown => layer.forward(poisoned, [6, 2], train);
      if (onNonFinite === "throw") {
        expect(expectRefusal("ERR_BATCHNORM_NON_FINITE", forward).message).toContain("conv1");
      } else {
        expect((forward() as Float64Array).some(Number.isNaN)).toBe(true);
      }
      expect(layer.toState()).toEqual(before);
      expect(layer.forward(x, [6, 2], train).some(Number.isNaN)).toBe(false);
    }
  });

  test("shapes, axes and arrays that do not fit are refused, and nothing changes", () => {
    const layer = new BatchNorm(2);
    const before = layer.toState();
    expectRefusal("ERR_BATCHNORM_SHAPE", () => layer.forward(x, [12], train));
    expectRefusal("ERR_BATCHNORM_SHAPE", () => layer.forward(x, [4, 3], train));
    expectRefusal("ERR_BATCHNORM_SHAPE", () => layer.forward(x, [5, 2], train));
    expectRefusal("ERR_BATCHNORM_SHAPE", () =>
      layer.forward(x, [6, 2], { ...train, out: new Float64Array(11) }),
    );
    expectRefusal("ERR_BATCHNORM_DTYPE", () => layer.forward([1, 2] as never, [1, 2], train));
    expectRefusal("ERR_BATCHNORM_AXIS", () =>
      new BatchNorm(2, { axis: 2 }).forward(x, [6, 2], train),
    );
    expect(layer.toState()).toEqual(before);
  });

  test.each([0, -1, 1.5, Number.NaN, "3"])("%j channels are refused", (channels) => {
    expectRefusal("ERR_BATCHNORM_SHAPE", () => new BatchNorm(channels as number));
  });

  test("backward needs a forward, and a dy of its size", () => {
    const layer = new BatchNorm(2);
    expectRefusal("ERR_BATCHNORM_NOT_BUILT", () => layer.backward(dy));
    layer.forward(x, [6, 2], train);
    expectRefusal("ERR_BATCHNORM_SHAPE", () => layer.backward(dy.subarray(1)));
    const dx = dy.slice();
    expect(layer.backward(dx, { dx }).dx).toBe(dx);
    expect(dx).toEqual(layer.backward(dy).dx);
  });
});
