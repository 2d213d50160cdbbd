import { expect, test } from "vitest";
import { judge, phrase, quotient, type Verdict } from "./goals.ts";
import type { Row } from "./row.ts";
import { suites } from "./suites.ts";
import type { Target } from "./targets.ts";
import { targets } from "./targets.ts";

const row = (fields: Partial<Row>): Row => ({
  ...{ suite: "kernels", shape: "A", op: "forward", subject: "ours" },
  ...{ medianMs: 3, minMs: 3, maxMs: 3, repeats: 7, ratioToLimit: 1.18, oursRatio: 1 },
  ...fields,
});
const among: Target[] = [
  { suite: "kernels", shapes: ["A"], op: "forward", against: "limit", first: 1.25, second: 1.1 },
  { suite: "kernels", op: "forward", against: "tfjs-wasm", first: 1 / 20 },
  { suite: "kernels", op: "first-use", against: "ms", first: 1 },
];

test("a ratio meets a goal at the goal, and misses the next by so much", () => {
  const verdict = judge([row({})], "limit", among) as Verdict;
  expect(verdict.first).toMatchObject({ goal: 1.25, met: true });
  expect(verdict.second?.met).toBe(false);
  expect(verdict.second?.off).toBeCloseTo(0.0727, 4);
  expect(phrase(verdict)).toBe("1.18 ✓1.25 ✗1.1+7%");
  expect(judge([row({ ratioToLimit: 1.25 })], "limit", among)?.first?.met).toBe(true);
});

test("a goal that is missed by a hair is missed by 1 %, not by 0", () => {
  const verdict = judge([row({ ratioToLimit: 1.2501 })], "limit", among) as Verdict;
  expect(phrase(verdict)).toContain("✗1.25+1%");
});

test("a goal that is missed by far is missed by so many times", () => {
  const verdict = judge([row({ ratioToLimit: 3 })], "limit", among) as Verdict;
  expect(phrase(verdict)).toBe("3.00 ✗1.25×2.4 ✗1.1×2.7");
});

test("another subject's row says what ours is of it", () => {
  const peer = row({ subject: "tfjs-wasm", oursRatio: 0.012, ratioToLimit: 80 });
  expect(phrase(judge([row({}), peer], "tfjs-wasm", among) as Verdict)).toBe("1/83 ✓1/20");
});

test("an absolute goal is in milliseconds", () => {
  const first = row({ op: "first-use", shape: "E", medianMs: 0.4, ratioToLimit: null });
  expect(judge([first], "ms", among)?.first).toMatchObject({ goal: 1, met: true });
});

test("what has no goal is a ratio alone, and what was not measured no verdict", () => {
  expect(phrase(judge([row({ shape: "C" })], "limit", among) as Verdict)).toBe("1.18");
  expect(judge([row({})], "pytorch", among)).toBeNull();
});

test("a ratio shows the digits that matter", () => {
  expect([12.34, 1.181, 0.354, 0.2, 0.0208].map(quotient)).toEqual([
    ...["12", "1.18", "0.35", "0.20", "1/48"],
  ]);
});

test("every target is about an op and a subject that its suite has", () => {
  for (const { suite: name, shapes, op, against } of targets) {
    const suite = suites.find((suite) => suite.name === name);
    expect(suite?.ops).toContain(op);
    expect([...(suite?.subjects ?? []), "limit", "ms"]).toContain(against);
    for (const shape of shapes ?? []) expect(suite?.shapes).toContain(shape);
  }
});
