import { layoutOf, sizeOf, valuesPerChannel } from "@batchnorm/core";
import { describe, expect, test } from "vitest";
import { expectRefusal } from "./refusal.ts";

describe("layoutOf", () => {
  test.each([
    { shape: [5, 3], axis: -1, layout: { outer: 5, channels: 3, inner: 1 } },
    { shape: [5, 3], axis: 0, layout: { outer: 1, channels: 5, inner: 3 } },
    { shape: [2, 4, 6, 3], axis: 3, layout: { outer: 48, channels: 3, inner: 1 } },
    { shape: [2, 3, 4, 6], axis: 1, layout: { outer: 2, channels: 3, inner: 24 } },
    { shape: [2, 3, 4, 6], axis: -3, layout: { outer: 2, channels: 3, inner: 24 } },
    { shape: [2, 3, 4, 5, 6, 7, 8], axis: 2, layout: { outer: 6, channels: 4, inner: 1680 } },
    { shape: [0, 3], axis: 1, layout: { outer: 0, channels: 3, inner: 1 } },
  ])("views $shape around axis $axis", ({ shape, axis, layout }) => {
    expect(layoutOf(shape, axis)).toEqual(layout);
  });

  test("takes the last axis when none is named", () => {
    expect(layoutOf([2, 4, 6, 3])).toEqual(layoutOf([2, 4, 6, 3], 3));
  });

  test.each([
    [[]],
    [[3]],
    [[2, -1]],
    [[2, 1.5]],
    [[2, Number.NaN]],
    [[2, 0]],
    [[2 ** 30, 2 ** 30]],
    // Holes, which every() would pass over.
    [Object.assign([], { 1: 3 })],
    [Object.assign([3], { length: 2 })],
  ])("refuses the shape %j", (shape) => {
    expectRefusal("ERR_BATCHNORM_SHAPE", () => layoutOf(shape));
  });

  test("refuses a shape that is no array", () => {
    expectRefusal("ERR_BATCHNORM_SHAPE", () => layoutOf("23" as unknown as number[]));
  });

  test.each([2, -3, 0.5, Number.NaN, Number.POSITIVE_INFINITY])(
    "refuses the axis %d of rank 2",
    (axis) => {
      const { message } = expectRefusal("ERR_BATCHNORM_AXIS", () => layoutOf([2, 3], axis));
      expect(message).toBe(`axis must be an integer in [-2, 1], got ${axis}`);
    },
  );
});

test("m counts the values of one channel, and the size those of all", () => {
  const layout = layoutOf([2, 3, 4, 6], 1);
  expect(valuesPerChannel(layout)).toBe(48);
  expect(sizeOf(layout)).toBe(144);
});
