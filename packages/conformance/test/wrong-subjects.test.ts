import { contract, judge, type Outcome } from "@batchnorm/conformance";
import { conformance } from "@batchnorm/conformance/vitest";
import { describe, expect, test } from "vitest";
import { type Mistake, mistakes, naive } from "./naive-subject.ts";

conformance(naive(null));

describe("the suite notices that", () => {
  test.each(Object.entries(mistakes))("%s, by %s", async (mistake, clause) => {
    const subject = naive(mistake as Mistake);
    const failed: Outcome[] = [];
    for (const one of contract) {
      const outcome = await judge(one, subject);
      if (outcome.status === "failed") failed.push(outcome);
    }
    expect(failed.map((outcome) => outcome.case.clause)).toContain(clause);
  });
});

test("every case has an id of its own, and a title that starts with its clause", () => {
  expect(new Set(contract.map(({ id }) => id)).size).toBe(contract.length);
  for (const { title, clause } of contract) {
    expect(title).toMatch(/^BN-\d+\.\d+ /);
    expect(clause).toMatch(/^BN-\d+\.\d+$/);
  }
});
