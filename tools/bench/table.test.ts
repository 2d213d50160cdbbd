import { expect, test } from "vitest";
import { replaceBetween, tables } from "./markdown.ts";
import type { Line } from "./row.ts";
import { suites } from "./suites.ts";
import { report } from "./table.ts";

const [suite] = suites as [(typeof suites)[number]];
const ops = ["forward", "inference", "backward", "forward+backward"];
const times: Line[] = suite.shapes.flatMap((shape) =>
  ops.flatMap((op) =>
    [...suite.subjects, "limit"].map((subject) => ({
      ...{ suite: suite.name, shape, op, subject },
      ...{ medianMs: 12.345, minMs: 10, maxMs: 20, repeats: 7 },
      ...{ ratioToLimit: 1.77, oursRatio: 1.95 },
    })),
  ),
);
const absent: Line = { suite: suite.name, subject: "pytorch", absent: "no python" };

test("the whole table fits 120 columns, with every goal missed", () => {
  const lines = report(suite, times).split("\n");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
});

test("an absent peer is a line, on the screen and on the page", () => {
  expect(report(suite, [...times, absent])).toContain("pytorch: absent: no python");
  expect(tables(suite, [...times, absent])).toContain("pytorch: absent: no python");
});

test("the tables go between their two marks, and nothing else changes", () => {
  const page = "before\n<!-- bench:kernels -->\nold\n<!-- /bench:kernels -->\nafter\n";
  const filled = "before\n<!-- bench:kernels -->\n\nnew\n\n<!-- /bench:kernels -->\nafter\n";
  expect(replaceBetween(page, "kernels", "new")).toBe(filled);
  expect(replaceBetween(filled, "kernels", "new")).toBe(filled);
  expect(() => replaceBetween("a page", "kernels", "new")).toThrow("must have");
});

test("a pass over samples is printed as samples a second as well", () => {
  const [, minibatch] = suites as [unknown, (typeof suites)[number]];
  const [shape = ""] = minibatch.shapes;
  const row = { suite: minibatch.name, shape, op: "train", minMs: 1, maxMs: 3, repeats: 7 };
  const lines: Line[] = [
    { ...row, subject: "ours", medianMs: 2, ratioToLimit: 1.3 },
    { ...row, subject: "brain.js", medianMs: 80, ratioToLimit: 52, oursRatio: 1 / 40 },
  ];
  const text = report(minibatch, lines);
  expect(text).toMatch(/Samples a second.*train +500,000 +12,500/s);
  expect(text).toContain("1/40 ✓0.333 ✓0.2");
});
