import {
  type BatchNormErrorCode,
  type ConvolutionWeights,
  type DenseWeights,
  foldAfter,
  foldBefore,
} from "@batchnorm/core";
import { describe, expect, test } from "vitest";
import { normals } from "./random.ts";
import { expectRefusal } from "./refusal.ts";
import { normalized, stateOf } from "./trained-state.ts";

const dense: DenseWeights = {
  kind: "dense",
  weights: normals("weights", 24),
  shape: [4, 6],
  outputAxis: 0,
  bias: null,
};
const conv: ConvolutionWeights = {
  kind: "conv",
  weights: normals("weights", 48),
  shape: [4, 6, 2],
  outputAxis: 0,
  inputAxis: 1,
  padding: "none",
  bias: null,
};
const state = stateOf(4);

describe("a description of weights is refused with", () => {
  const refused = (code: BatchNormErrorCode, rule: RegExp, layer: object): void => {
    const { message } = expectRefusal(code, () => foldAfter(layer as DenseWeights, state));
    expect(message).toMatch(rule);
  };

  test.each([2, undefined, "conv1d"])("kind %j", (kind) => {
    refused("ERR_BATCHNORM_OPTION", /^kind must be one of dense, conv,/, { ...conv, kind });
  });

  test.each(["same", 1, null])("padding %j", (padding) => {
    refused("ERR_BATCHNORM_OPTION", /^padding must be none or some/, { ...conv, padding });
  });

  test.each([2, -3, 0.5, undefined])("outputAxis %j", (outputAxis) => {
    refused("ERR_BATCHNORM_AXIS", /^outputAxis must be an integer/, { ...dense, outputAxis });
  });

  test.each([3, -4, undefined])("inputAxis %j", (inputAxis) => {
    refused("ERR_BATCHNORM_AXIS", /^inputAxis must be an integer/, { ...conv, inputAxis });
  });

  test("both channels on one axis", () => {
    refused("ERR_BATCHNORM_AXIS", /^inputAxis must be another/, { ...conv, inputAxis: -3 });
  });

  test.each([[[24]], [[4, 3, 2]], [[]], [24], [null]])("shape %j of a dense layer", (shape) => {
    refused("ERR_BATCHNORM_SHAPE", /^shape of dense weights must have rank 2,/, {
      ...dense,
      shape,
    });
  });

  test.each([[[48]], [undefined]])("shape %j of a convolution", (shape) => {
    refused("ERR_BATCHNORM_SHAPE", /^shape of conv weights must have rank 2 or more/, {
      ...conv,
      shape,
    });
  });

  test.each([[[4, 0]], [[-4, -6]], [[4, 1.5]]])("shape %j", (shape) => {
    refused("ERR_BATCHNORM_SHAPE", /^shape must/, { ...dense, shape });
  });

  test.each([0, 3, -2, 0.5, null])("groups %j of 4 outputs", (groups) => {
    refused("ERR_BATCHNORM_SHAPE", /^groups must divide the 4 outputs/, { ...conv, groups });
  });

  test("groups that do not divide the inputs of a transposed convolution", () => {
    const layer = { ...conv, kind: "transposed", groups: 4 };
    refused("ERR_BATCHNORM_SHAPE", /^groups must divide the 6 inputs/, layer);
  });

  test("a depthwise convolution in other groups than one per input", () => {
    const layer = { ...conv, kind: "depthwise", groups: 2 };
    refused("ERR_BATCHNORM_SHAPE", /must be its inputs, 6, got 2/, layer);
  });

  test("integer weights", () => {
    refused("ERR_BATCHNORM_DTYPE", /^weights must be a Float32Array/, {
      ...dense,
      weights: new Int32Array(24),
    });
  });
});

test("a depthwise convolution need not name its groups", () => {
  const layer = { ...conv, kind: "depthwise", outputAxis: 1, inputAxis: 0 } as const;
  const bias = new Float64Array(24);
  expect(foldBefore(layer, stateOf(4))).toEqual(foldBefore({ ...layer, groups: 4, bias }, state));
});

test.each([
  ["channels last", [2, 3, 4], 1, (place: number, c: number) => place * 3 + c],
  ["channels first", [3, 2, 4], 0, (place: number, c: number) => c * 2 + place],
] as const)("a dense layer takes up what is before a flattening, %s", (_, shape, axis, index) => {
  const [places, channels, outputs] = [2, 3, 4];
  const layer: ConvolutionWeights = { ...conv, shape, inputAxis: axis, outputAxis: 2 };
  const weights = normals("weights", 24);
  const before = stateOf(3);
  const folded = foldBefore({ ...layer, weights }, before);
  const x = normals("x", places * channels);
  const y = normalized(before, x, [channels, places]);
  for (let o = 0; o < outputs; o++) {
    let [separate, together] = [0, folded.bias[o] as number];
    for (let c = 0; c < channels; c++) {
      for (let place = 0; place < places; place++) {
        const at = index(place, c) * outputs + o;
        separate += (weights[at] as number) * (y[c * places + place] as number);
        together += (folded.weights[at] as number) * (x[c * places + place] as number);
      }
    }
    expect(together).toBeCloseTo(separate, 12);
  }
});
