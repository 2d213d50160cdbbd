import {
  ConformanceError,
  GoldenError,
  goldenCases,
  judge,
  parseGoldens,
  readGoldens,
} from "@batchnorm/conformance";
import { core } from "@batchnorm/conformance/core";
import { shippedGoldens } from "@batchnorm/conformance/goldens";
import { describe, expect, test } from "vitest";

const later = ["fit"];

describe.each(shippedGoldens)("$name", (file) => {
  for (const golden of goldenCases(file)) {
    test(golden.title, async () => {
      const { status, detail } = await judge(golden, core);
      if (status === "failed") throw detail;
      if (status === "skipped") expect(later).toEqual(expect.arrayContaining(detail as string[]));
    });
  }
});

describe("a golden whose numbers are altered is caught", () => {
  test.each(shippedGoldens)("in every tensor of $name", async ({ name, cases }) => {
    const missed: string[] = [];
    let altered = 0;
    for (const { id, json } of cases) {
      for (const { what, golden } of alterations(JSON.parse(json))) {
        altered++;
        if (!(await isCaught(golden, name))) missed.push(`${id}: ${what}`);
      }
    }
    expect(missed).toEqual([]);
    expect(altered).toBeGreaterThan(5);
  });

  test("an op that nobody knows fails", async () => {
    const golden = { id: "x:unknown", op: "teleport", inputs: {}, expected: {} };
    const content = { format: "bn-heldout/1", source: "none", count: 1, cases: [golden] };
    const [one] = goldenCases(readGoldens(JSON.stringify(content), "unknown.json"));
    expect((await judge(one!, core)).status).toBe("failed");
  });
});

async function isCaught(golden: Json, name: string): Promise<boolean> {
  const content = { format: "bn-heldout/1", source: "altered", count: 1, cases: [golden] };
  try {
    for (const one of goldenCases(parseGoldens(content, name))) {
      const { status, detail } = await judge(one, core);
      if (status === "failed") return detail instanceof ConformanceError;
      // What nobody can be asked yet is not judged either.
      if (status === "skipped") return true;
    }
    return false;
  } catch (error) {
    // Some cannot even be read: what a property names no longer holds.
    if (error instanceof GoldenError) return true;
    throw error;
  }
}

type Json = Record<string, unknown>;

/** One copy of a case per expected tensor that is judged, its first finite number changed. */
function alterations(golden: Json): { what: string; golden: Json }[] {
  const { tolerance, expected_exact, expected_f64 } = golden as Record<string, Json | undefined>;
  // It must not match, and a change makes it match even less.
  if (tolerance?.negative_example) return [];
  const judged = expected_exact ? "expected_exact" : expected_f64 ? "expected_f64" : "expected";
  return tensorPaths(golden[judged], [judged])
    .filter((path) => !isDeviating(golden, path))
    .flatMap((path) => {
      const copy = structuredClone(golden);
      const data = path.reduce<unknown>((at, key) => (at as Json)[key], copy) as unknown[];
      const i = data.findIndex((value) => typeof value === "number");
      if (i < 0) return [];
      const value = data[i] as number;
      data[i] = value + 0.01 * Math.max(1, Math.abs(value));
      return [{ what: path.slice(1, -1).join("."), golden: copy }];
    });
}

function tensorPaths(value: unknown, path: string[]): string[][] {
  if (typeof value !== "object" || value === null) return [];
  if ("data" in value) return [[...path, "data"]];
  return Object.entries(value).flatMap(([key, item]) => tensorPaths(item, [...path, key]));
}

/** What is not judged by: a listed deviation, or what follows from other numbers of the golden. */
function isDeviating({ id, op, pattern }: Json, [, key = ""]: string[]): boolean {
  const deviates = id === "keras:test_input_fully_masked" && key.startsWith("running");
  // A folded convolution is its weights and its bias, which are judged.
  return deviates || (op === "fold" && key === "y" && String(pattern).startsWith("conv"));
}
