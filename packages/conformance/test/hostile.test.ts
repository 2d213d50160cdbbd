import { GoldenError, goldenCases, readGoldens } from "@batchnorm/conformance";
import { shippedGoldens } from "@batchnorm/conformance/goldens";
import { describe, expect, test } from "vitest";
import { hostileFiles } from "./hostile-files.ts";

const refusal = (text: string): Error | null => {
  try {
    goldenCases(readGoldens(text, "given.json"));
    return null;
  } catch (error) {
    return error as Error;
  }
};

describe("a hostile file is refused in one line", () => {
  test.each(hostileFiles)("$name", ({ text, says }) => {
    const error = refusal(text);
    expect(error).toBeInstanceOf(GoldenError);
    expect(error?.message).toMatch(/^given\.json: \P{Cc}+, got \P{Cc}*$/u);
    expect(error?.message).toContain(says);
  });
});

test("a nonsense value in any field is refused in one line, or judged", () => {
  const nonsense = [null, -0.5, 1e308, "x\n", [[]], {}, true];
  const wrong: string[] = [];
  const seen = new Set<string>();
  let refused = 0;
  for (const { cases } of shippedGoldens) {
    for (const { json, id, op } of cases) {
      const paths = pathsOf(JSON.parse(json));
      // One golden of each form will do.
      const form = `${op} ${paths.join()}`;
      if (seen.has(form)) continue;
      seen.add(form);
      for (const path of paths) {
        for (const value of nonsense) {
          const error = refusal(JSON.stringify(fileOf(replaced(JSON.parse(json), path, value))));
          if (error === null) continue;
          refused++;
          const isOneLine = error instanceof GoldenError && !/[\n\r]/.test(error.message);
          if (!isOneLine) wrong.push(`${id} ${path.join(".")} ${value}: ${error.message}`);
        }
      }
    }
  }
  expect(wrong).toEqual([]);
  expect(refused).toBeGreaterThan(2000);
});

const fileOf = (golden: unknown) => ({
  format: "bn-heldout/1",
  source: "none",
  count: 1,
  cases: [golden],
});

/** Every field, and the first item of every list. */
function pathsOf(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [path];
  const items = Object.entries(value).slice(0, Array.isArray(value) ? 1 : undefined);
  const below = items.flatMap(([key, item]) => pathsOf(item, [...path, key]));
  return path.length === 0 ? below : [path, ...below];
}

function replaced(root: Record<string, unknown>, path: string[], value: unknown): unknown {
  const last = path.at(-1) as string;
  const parent = path
    .slice(0, -1)
    .reduce<Record<string, unknown>>((at, key) => at[key] as Record<string, unknown>, root);
  parent[last] = value;
  return root;
}
