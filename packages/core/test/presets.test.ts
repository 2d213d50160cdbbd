import { BatchNorm, computeMoments, layoutOf, resolveOptions } from "@batchnorm/core";
import { presets } from "@batchnorm/core/conventions";
import { describe, expect, test } from "vitest";
import { normals } from "./random.ts";
import { expectRefusal } from "./refusal.ts";

test("presets say what each library does by default", () => {
  const told = Object.entries(presets).map(([peer, { momentum, epsilon, ...rest }]) => [
    peer,
    momentum,
    epsilon,
    rest.varianceEstimator,
    rest.start,
  ]);
  expect(told).toEqual([
    ["pytorch", 0.9, 1e-5, "unbiased", "zero-one"],
    ["keras", 0.99, 1e-3, "biased", "zero-one"],
    ["tfFused", 0, 1e-3, "unbiased", "zero-one"],
    ["flax", 0.99, 1e-5, "biased", "zero-one"],
    ["onnx", 0.9, 1e-5, "biased", "zero-one"],
    ["caffe", 0.999, 1e-5, "unbiased", "debiased"],
    ["darknet", 0.99, 1e-12, "unbiased", "zero-one"],
    ["paper", "cumulative", undefined, "unbiased", undefined],
  ]);
});

test("a preset is options, and nobody can change it for others", () => {
  for (const preset of Object.values(presets)) {
    expect(resolveOptions(preset)).toMatchObject(preset);
    expect(Object.isFrozen(preset)).toBe(true);
  }
  expect(Object.isFrozen(presets)).toBe(true);
});

describe("a layer made by a preset tracks as its library does", () => {
  // One channel, the same two batches everywhere: m = 4, means 2 and 6, Σ(x − mean)² 20 and 8.
  const batches = [Float64Array.of(-1, 3, 1, 5), Float64Array.of(4, 6, 6, 8)];
  test.each([
    // 0.9 · 0.9 · 1 + 0.09 · 20/3 + 0.1 · 8/3
    ["pytorch", 0.9 * 0.2 + 0.6, 0.81 + 0.6 + 0.8 / 3],
    // 0.99² + 0.0099 · 5 + 0.01 · 2
    ["keras", 0.99 * 0.02 + 0.06, 0.9801 + 0.0495 + 0.02],
    ["flax", 0.99 * 0.02 + 0.06, 0.9801 + 0.0495 + 0.02],
    // the factor 1 takes the last batch alone
    ["tfFused", 6, 8 / 3],
    ["onnx", 0.9 * 0.2 + 0.6, 0.81 + 0.45 + 0.2],
    // blobs 0.999 · b₁ + b₂ over s = 1.999
    ["caffe", (0.999 * 2 + 6) / 1.999, ((0.999 * 20) / 3 + 8 / 3) / 1.999],
    // 0.0099 · 20/3 + 0.01 · 8/3, and 0.99² where darknet has 0
    ["darknet", 0.99 * 0.02 + 0.06, 0.9801 + 0.066 + 0.08 / 3],
    ["paper", 4, (20 / 3 + 8 / 3) / 2],
  ] as const)("%s", (peer, mean, variance) => {
    const layer = new BatchNorm(1, { ...presets[peer] });
    for (const x of batches) layer.forward(x, [4, 1], { training: true });
    expect(layer.running?.mean[0]).toBeCloseTo(mean, 14);
    expect(layer.running?.variance[0]).toBeCloseTo(variance, 14);
  });
});

test("PyTorch, darknet and the paper have no answer to one value per channel, others beta", () => {
  for (const [peer, preset] of Object.entries(presets)) {
    const layer = new BatchNorm(2, preset);
    const call = () => layer.forward(Float64Array.of(3, 4), [1, 2], { training: true });
    if (["pytorch", "darknet", "paper"].includes(peer)) {
      expectRefusal("ERR_BATCHNORM_TOO_FEW_VALUES", call);
    } else {
      expect(call()).toEqual(Float64Array.of(0, 0));
    }
  }
});

test("the channels of a preset are where its library has them", () => {
  const x = normals("image", 2 * 3 * 2 * 4);
  const first = new BatchNorm(3, presets.onnx);
  first.forward(x, [2, 3, 2, 4], { training: true });
  const { mean } = computeMoments(x, layoutOf([2, 3, 2, 4], 1));
  expect(first.running?.mean[0]).toBeCloseTo(0.1 * (mean[0] as number), 15);
  expect(() => new BatchNorm(4, presets.keras).forward(x, [2, 3, 2, 4])).not.toThrow();
});
