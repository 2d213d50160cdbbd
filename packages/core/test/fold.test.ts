import {
  BatchNorm,
  type BatchNormState,
  channelMap,
  type DenseWeights,
  foldAfter,
  foldBefore,
} from "@batchnorm/core";
import { channelMapOf } from "@batchnorm/core/checks";
import { afterEach, describe, expect, test } from "vitest";
import { normals } from "./random.ts";
import { expectRefusal } from "./refusal.ts";
import { normalized, stateOf } from "./trained-state.ts";

const [inputs, outputs] = [4, 3];

function denseOf(outputAxis: number, bias: boolean): DenseWeights {
  const shape = outputAxis === 0 ? [outputs, inputs] : [inputs, outputs];
  const weights = normals("weights", inputs * outputs);
  return {
    kind: "dense",
    weights,
    shape,
    outputAxis,
    bias: bias ? normals("bias", outputs) : null,
  };
}

function apply({ weights, outputAxis, bias }: DenseWeights, x: Float64Array): Float64Array {
  return Float64Array.from({ length: outputs }, (_, o) => {
    let sum = bias?.[o] ?? 0;
    for (let i = 0; i < inputs; i++) {
      const at = outputAxis === 0 ? o * inputs + i : i * outputs + o;
      sum += (weights[at] as number) * (x[i] as number);
    }
    return sum;
  });
}

const normalize = (state: BatchNormState, x: Float64Array): Float64Array =>
  normalized(state, x, [x.length, 1]);

const variants = [0, 1, -1].flatMap((axis) =>
  [true, false].map((bias) => ({ dense: denseOf(axis, bias), axis, bias })),
);

describe.each(variants)("dense with outputs on axis $axis, bias $bias", ({ dense }) => {
  const x = normals("x", inputs);
  const expectSame = (folded: Float64Array, separate: Float64Array): void => {
    // The same sums in another order: a few roundings of numbers up to about 10.
    for (const [i, value] of folded.entries()) expect(value).toBeCloseTo(separate[i] as number, 13);
  };

  test("takes up the layer after it", () => {
    const state = stateOf(outputs);
    const folded = foldAfter(dense, state);
    expectSame(apply({ ...dense, ...folded }, x), normalize(state, apply(dense, x)));
  });

  test("takes up the layer before it", () => {
    const state = stateOf(inputs);
    const folded = foldBefore(dense, state);
    expectSame(apply({ ...dense, ...folded }, x), apply(dense, normalize(state, x)));
  });

  test("takes up a layer without gamma and beta", () => {
    const state = { ...stateOf(outputs), gamma: null, beta: null };
    const folded = foldAfter(dense, state);
    expectSame(apply({ ...dense, ...folded }, x), normalize(state, apply(dense, x)));
  });

  test("folds in place when asked", () => {
    const state = stateOf(inputs);
    const out = { weights: dense.weights.slice(), bias: new Float64Array(outputs) };
    expect(foldBefore({ ...dense, weights: out.weights }, state, out)).toBe(out);
    expect(out).toEqual(foldBefore(dense, state));
  });
});

test("folding keeps float64 where float32 weights would lose a large mean", () => {
  const dense = denseOf(0, true);
  const float32 = { ...dense, weights: Float32Array.from(dense.weights) };
  expect(foldAfter(float32, stateOf(3, 1e4)).bias).toBeInstanceOf(Float64Array);
});

test("a float32 bias gets the sum rounded once", () => {
  const dense = denseOf(0, true);
  const state = stateOf(4, 1e4);
  const out = { weights: new Float32Array(12), bias: new Float32Array(3) };
  foldBefore(dense, state, out);
  const { weights, bias } = foldBefore(dense, state);
  expect(out).toEqual({ weights: Float32Array.from(weights), bias: Float32Array.from(bias) });
});

test("a bias may go where the layer's own lies, at any offset", () => {
  const memory = new Float64Array(4);
  const own = denseOf(0, true);
  for (const [fold, channels] of [
    [foldAfter, 3],
    [foldBefore, 4],
  ] as const) {
    memory.set(own.bias as Float64Array, 1);
    const dense = { ...own, bias: memory.subarray(1) };
    const out = { weights: new Float64Array(12), bias: memory.subarray(0, 3) };
    const expected = fold(own, stateOf(channels));
    expect(fold(dense, stateOf(channels), out)).toEqual(expected);
  }
});

test("gamma 0 folds to k = 0", () => {
  const state = { ...stateOf(1), gamma: [0], beta: [3] };
  expect(channelMap(state)).toEqual({ k: Float64Array.of(0), s: Float64Array.of(3) });
});

test("a state that is not checked has no channel map of an infinite variance", () => {
  const state = { ...stateOf(1), runningVariance: [Number.POSITIVE_INFINITY] };
  expectRefusal("ERR_BATCHNORM_FOLD", () => channelMapOf(state));
});

test("the channel map is y = k · x + s", () => {
  const state = {
    ...stateOf(1),
    gamma: [2],
    beta: [5],
    runningMean: [3],
    runningVariance: [4],
    epsilon: 0,
  };
  expect(channelMap(state)).toEqual({ k: Float64Array.of(1), s: Float64Array.of(2) });
});

describe("folding refuses, and leaves out alone,", () => {
  const dense = denseOf(0, true);
  const fresh = () => ({
    weights: new Float64Array(12).fill(7),
    bias: new Float64Array(3).fill(7),
  });
  const out = fresh();
  afterEach(() => expect(out).toEqual(fresh()));

  test("a layer without running statistics", () => {
    const state = new BatchNorm(3, { trackRunningStatistics: false }).toState();
    expectRefusal("ERR_BATCHNORM_FOLD", () => foldAfter(dense, state, out));
  });

  test("a channel that would be divided by zero", () => {
    const state = { ...stateOf(3), epsilon: 0, runningVariance: [1, 0, 1] };
    const { message } = expectRefusal("ERR_BATCHNORM_FOLD", () => foldAfter(dense, state, out));
    expect(message).toContain("channel 1");
  });

  test("another number of channels", () => {
    expectRefusal("ERR_BATCHNORM_SHAPE", () => foldAfter(dense, stateOf(4), out));
    expectRefusal("ERR_BATCHNORM_SHAPE", () => foldBefore(dense, stateOf(3), out));
  });

  test("arrays that do not fit", () => {
    const short = new Float64Array(2);
    const state = stateOf(3);
    expectRefusal("ERR_BATCHNORM_SHAPE", () => foldAfter({ ...dense, weights: short }, state, out));
    expectRefusal("ERR_BATCHNORM_SHAPE", () => foldAfter({ ...dense, bias: short }, state, out));
    expectRefusal("ERR_BATCHNORM_SHAPE", () => foldAfter(dense, state, { ...out, weights: short }));
    expectRefusal("ERR_BATCHNORM_SHAPE", () => foldAfter(dense, state, { ...out, bias: short }));
    const narrow = { ...dense, weights: short };
    expectRefusal("ERR_BATCHNORM_SHAPE", () => foldBefore(narrow, stateOf(4), out));
  });

  test("memory that would be overwritten before it is read", () => {
    const memory = new Float64Array(16);
    const shifted = { ...dense, weights: memory.subarray(1, 13) };
    const state = stateOf(3);
    for (const [layer, place] of [
      [shifted, { ...out, weights: memory.subarray(0, 12) }],
      [shifted, { ...out, bias: memory.subarray(1, 4) }],
      [
        { ...dense, bias: memory.subarray(0, 3) },
        { ...out, weights: memory.subarray(0, 12) },
      ],
      [dense, { weights: memory.subarray(0, 12), bias: memory.subarray(11, 14) }],
    ] as const) {
      expectRefusal("ERR_BATCHNORM_SHAPE", () => foldAfter(layer, state, place));
    }
  });

  test("a malformed state, and one whose numbers overflow", () => {
    const broken = { ...stateOf(3), gamma: [1, 2] };
    expectRefusal("ERR_BATCHNORM_STATE", () => foldAfter(dense, broken, out));
    const huge = { ...stateOf(3), runningMean: [0, 0, 1e308], gamma: [1, 1, 1e10] };
    expectRefusal("ERR_BATCHNORM_FOLD", () => foldAfter(dense, huge, out));
  });
});
