import {
  type BatchNormState,
  type ConvolutionWeights,
  foldAfter,
  foldBefore,
} from "@batchnorm/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { convolve, type Image, imageOf, type Motion } from "./convolution.ts";
import { normals } from "./random.ts";
import { expectRefusal } from "./refusal.ts";
import { normalized, stateOf } from "./trained-state.ts";
import { type Sizes, tapsOf, type WeightLayout, weightLayouts } from "./weight-layouts.ts";

interface Case {
  readonly sizes: Sizes;
  readonly motion: Motion;
  readonly layer: ConvolutionWeights;
  readonly x: Image;
  readonly run: (weights: ArrayLike<number>, bias: ArrayLike<number> | null, x: Image) => Image;
}

const channelsIn = ({ groups, into }: Sizes): number => groups * into;
const channelsOut = ({ groups, out }: Sizes): number => groups * out;

function caseOf(layout: WeightLayout, given: Sizes, motion: Motion, bias: boolean): Case {
  const sizes = layout.fit(given);
  const taps = tapsOf(layout, sizes);
  const { kind, outputAxis, inputAxis } = layout;
  const size = sizes.kernel.map((length, d) => (length - 1) * motion.dilation + 3 - (d % 2));
  const layer: ConvolutionWeights = {
    kind,
    outputAxis,
    inputAxis,
    shape: layout.shape(sizes),
    weights: normals("weights", taps.length),
    groups: sizes.groups,
    padding: motion.padding > 0 ? "some" : "none",
    bias: bias ? normals("bias", channelsOut(sizes)) : null,
  };
  const moved = { ...motion, transposed: kind === "transposed" };
  const run: Case["run"] = (weights, b, x) => convolve(taps, weights, b, x, moved);
  return { sizes, motion, layer, x: imageOf("x", channelsIn(sizes), size), run };
}

const small = (max: number, min = 1): fc.Arbitrary<number> => fc.integer({ min, max });
const anySizes: fc.Arbitrary<Sizes> = fc.record({
  groups: small(3),
  into: small(3),
  out: small(3),
  kernel: fc.array(small(3), { minLength: 1, maxLength: 3 }),
});
const motions = (padding: number): fc.Arbitrary<Motion> =>
  fc.record({ stride: small(2), dilation: small(2), padding: small(padding, 0) });

// At most 3 · 27 terms of size 10 in another order: some 1e-13.
function expectSame(actual: Image, expected: Image): void {
  expect(actual.size).toEqual(expected.size);
  for (const [index, value] of expected.values.entries()) {
    expect(Math.abs((actual.values[index] as number) - value)).toBeLessThan(1e-12);
  }
}

const normalizedImage = (state: BatchNormState, x: Image): Image => ({
  ...x,
  values: normalized(state, x.values, [x.channels, x.values.length / x.channels]),
});

/** Scales, but moves no zero: s = 0 in every channel. */
const unshifted = (channels: number): BatchNormState => ({
  ...stateOf(channels),
  beta: null,
  runningMean: new Array<number>(channels).fill(0),
});

const everyCase = (layout: WeightLayout, padding: number, check: (found: Case) => void): void =>
  fc.assert(
    fc.property(anySizes, motions(padding), fc.boolean(), (sizes, motion, bias) =>
      check(caseOf(layout, sizes, motion, bias)),
    ),
    { seed: 20150211, numRuns: 60 },
  );

const plain = weightLayouts.filter(({ kind }) => kind !== "transposed");

describe.each(plain)("a convolution in $title", (layout) => {
  test("takes up any layer before it without padding", () => {
    everyCase(layout, 0, ({ sizes, layer, x, run }) => {
      const state = stateOf(channelsIn(sizes));
      const folded = foldBefore(layer, state);
      const separate = run(layer.weights, layer.bias, normalizedImage(state, x));
      expectSame(run(folded.weights, folded.bias, x), separate);
    });
  });
});

describe.each(weightLayouts)("a convolution in $title", (layout) => {
  test("takes up the layer after it, padded or not", () => {
    everyCase(layout, 1, ({ sizes, layer, x, run }) => {
      const state = stateOf(channelsOut(sizes));
      const folded = foldAfter(layer, state);
      const separate = normalizedImage(state, run(layer.weights, layer.bias, x));
      expectSame(run(folded.weights, folded.bias, x), separate);
    });
  });

  test("takes up a layer before it that moves no zero, padded or not", () => {
    everyCase(layout, 1, ({ sizes, layer, x, run }) => {
      const state = unshifted(channelsIn(sizes));
      const folded = foldBefore(layer, state);
      const separate = run(layer.weights, layer.bias, normalizedImage(state, x));
      expectSame(run(folded.weights, folded.bias, x), separate);
    });
  });

  const sizes = { groups: 2, into: 2, out: 2, kernel: [2, 3] };
  const motion = { stride: 1, dilation: 1, padding: 1 };
  const { layer, x, run, sizes: fitted } = caseOf(layout, sizes, motion, true);
  const out = () => ({
    weights: new Float64Array(layer.weights.length).fill(7),
    bias: new Float64Array(channelsOut(fitted)).fill(7),
  });

  test("refuses a layer before it that moves zeros, and says what to do", () => {
    const given = out();
    const state = { ...unshifted(channelsIn(fitted)), beta: [0, 1, 0, 0] };
    const shifted = { ...state, beta: state.beta.slice(0, state.channels) };
    const paddings = ["some", undefined, layout.kind === "transposed" ? "none" : "some"] as const;
    for (const padding of paddings) {
      const call = (): unknown => foldBefore({ ...layer, padding }, shifted, given);
      const { message } = expectRefusal("ERR_BATCHNORM_FOLD", call);
      expect(message).toMatch(/channel 1 to be folded into a .*convolution.*; keep it, or fold it/);
    }
    expect(given).toEqual(out());
  });

  test("cannot be right with one bias where it is refused", () => {
    const state = stateOf(channelsIn(fitted));
    const shift = normalizedImage(state, { ...x, values: x.values.map(() => 0) });
    const { values, channels } = run(layer.weights, null, shift);
    // What s alone adds to the outputs would have to be one number per channel.
    const first = values.subarray(0, values.length / channels);
    expect(Math.max(...first) - Math.min(...first)).toBeGreaterThan(0.1);
  });
});
