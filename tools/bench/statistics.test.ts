import { expect, test } from "vitest";
import { rowsOf } from "./rows.ts";
import { median, ratioOf, weightedSum } from "./statistics.ts";

test("the median is the middle value, or the mean of the two in the middle", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test("a ratio is taken in the same round, so that a slow round cancels", () => {
  expect(ratioOf([2, 200, 4], [1, 100, 2])).toBe(2);
});

test("a round that one of the two sat out does not count", () => {
  expect(ratioOf([2, 3, 4], [1, undefined, 1])).toBe(3);
  expect(ratioOf([2], [undefined])).toBeNull();
  expect(ratioOf([2], undefined)).toBeNull();
});

test("a limit adds up its probes, each as often as the bytes move", () => {
  const read = { series: [1, 2], times: 2 };
  expect(weightedSum([read, { series: [10, 20], times: 1 }])).toEqual([12, 24]);
  expect(weightedSum([read, { series: [10], times: 1 }])).toEqual([12, undefined]);
});

test("a row has just the fields that are documented", () => {
  const times = new Map([
    ["ours", [2, 4, 3]],
    ["peer", [4, 4, 6]],
    ["limit", [1, 2, 2]],
    ["silent", []],
  ]);
  const [ours, peer, ...rest] = rowsOf({ suite: "kernels", shape: "A", op: "forward" }, times);
  expect(ours).toEqual({
    suite: "kernels",
    shape: "A",
    op: "forward",
    subject: "ours",
    medianMs: 3,
    minMs: 2,
    maxMs: 4,
    repeats: 3,
    ratioToLimit: 2,
    oursRatio: 1,
  });
  expect(peer).toMatchObject({ subject: "peer", oursRatio: 0.5, ratioToLimit: 3 });
  expect(rest.map(({ subject }) => subject)).toEqual(["limit"]);
});

test("without ours there is no ratio of ours, and without a limit none to it", () => {
  const [row] = rowsOf({ suite: "s", shape: "A", op: "step" }, new Map([["stock", [1]]]));
  expect(row).toMatchObject({ ratioToLimit: null });
  expect(row).not.toHaveProperty("oursRatio");
});
