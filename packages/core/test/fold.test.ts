import {
  BatchNorm,
  type BatchNormState,
  channelMap,
  type Dense,
  foldAfter,
  foldBefore,
  forwardInference,
  layoutOf,
} from "@batchnorm/core";
import { afterEach, describe, expect, test } from "vitest";
import { normals } from "./random.ts";
import { expectRefusal } from "./refusal.ts";

/** A state with everything away from its start. */
function stateOf(channels: number, mean = 0): BatchNormState {
  return {
    ...new BatchNorm(channels, { epsilon: 1e-3 }).toState(),
    gamma: Array.from(normals("gamma", channels)),
    beta: Array.from(normals("beta", channels)),
    runningMean: Array.from(normals("mean", channels, mean, 2)),
    runningVariance: Array.from(normals("variance", channels), (v) => v * v),
  };
}

function denseOf(outputAxis: 0 | 1, bias: boolean): Dense {
  const [inputs, outputs] = [4, 3];
  const weights = normals("weights", inputs * outputs);
  return { weights, inputs, outputs, outputAxis, bias: bias ? normals("bias", outputs) : null };
}

function apply(
  { weights, inputs, outputs, outputAxis, bias }: Dense,
  x: Float64Array,
): Float64Array {
  return Float64Array.from({ length: outputs }, (_, o) => {
    let sum = bias?.[o] ?? 0;
    for (let i = 0; i < inputs; i++) {
      sum +=
        (weights[outputAxis === 0 ? o * inputs + i : i * outputs + o] as number) * (x[i] as number);
    }
    return sum;
  });
}

function normalize(state: BatchNormState, x: Float64Array): Float64Array {
  const floats = (values: readonly number[] | null): Float64Array =>
    Float64Array.from(values ?? []);
  const statistics = { mean: floats(state.runningMean), variance: floats(state.runningVariance) };
  const parameters = {
    gamma: state.gamma && floats(state.gamma),
    beta: state.beta && floats(state.beta),
    epsilon: state.epsilon,
  };
  return forwardInference(x, layoutOf([1, x.length]), statistics, parameters) as Float64Array;
}

const variants = [0, 1].flatMap((axis) =>
  [true, false].map((bias) => ({ dense: denseOf(axis as 0 | 1, bias), axis, bias })),
);

describe.each(variants)("dense with outputs on axis $axis, bias $bias", ({ dense }) => {
  const x = normals("x", dense.inputs);
  const expectSame = (folded: Float64Array, separate: Float64Array): void => {
    // The same sums in another order: a few roundings of numbers up to about 10.
    for (const [i, value] of folded.entries()) expect(value).toBeCloseTo(separate[i] as number, 13);
  };

  test("takes up the layer after it", () => {
    const state = stateOf(dense.outputs);
    const folded = foldAfter(dense, state);
    expectSame(apply({ ...dense, ...folded }, x), normalize(state, apply(dense, x)));
  });

  test("takes up the layer before it", () => {
    const state = stateOf(dense.inputs);
    const folded = foldBefore(dense, state);
    expectSame(apply({ ...dense, ...folded }, x), apply(dense, normalize(state, x)));
  });

  test("takes up a layer without gamma and beta", () => {
    const state = { ...stateOf(dense.outputs), gamma: null, beta: null };
    const folded = foldAfter(dense, state);
    expectSame(apply({ ...dense, ...folded }, x), normalize(state, apply(dense, x)));
  });

  test("folds in place when asked", () => {
    const state = stateOf(dense.inputs);
    const out = { weights: dense.weights.slice(), bias: new Float64Array(dense.outputs) };
    expect(foldBefore({ ...dense, weights: out.weights }, state, out)).toBe(out);
    expect(out).toEqual(foldBefore(dense, state));
  });
});

test("folding keeps float64 where float32 weights would lose a large mean", () => {
  const dense = denseOf(0, true);
  const float32 = { ...dense, weights: Float32Array.from(dense.weights) };
  expect(foldAfter(float32, stateOf(3, 1e4)).bias).toBeInstanceOf(Float64Array);
});

test("gamma 0 folds to k = 0", () => {
  const state = { ...stateOf(1), gamma: [0], beta: [3] };
  expect(channelMap(state)).toEqual({ k: Float64Array.of(0), s: Float64Array.of(3) });
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

  test("arrays that do not fit, and an unknown axis", () => {
    const short = new Float64Array(2);
    const state = stateOf(3);
    expectRefusal("ERR_BATCHNORM_SHAPE", () => foldAfter({ ...dense, weights: short }, state, out));
    expectRefusal("ERR_BATCHNORM_SHAPE", () => foldAfter({ ...dense, bias: short }, state, out));
    expectRefusal("ERR_BATCHNORM_SHAPE", () => foldAfter(dense, state, { ...out, weights: short }));
    expectRefusal("ERR_BATCHNORM_SHAPE", () => foldAfter(dense, state, { ...out, bias: short }));
    expectRefusal("ERR_BATCHNORM_AXIS", () =>
      foldAfter({ ...dense, outputAxis: 2 as 1 }, state, out),
    );
    for (const change of [{ inputs: 1.5 }, { outputs: -3, inputs: -4 }, { inputs: 0 }]) {
      expectRefusal("ERR_BATCHNORM_SHAPE", () => foldAfter({ ...dense, ...change }, state));
    }
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
