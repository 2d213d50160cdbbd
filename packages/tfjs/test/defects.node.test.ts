import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { Finding } from "../tools/defects/defect.ts";
import { defects, findAll } from "../tools/defects/defects.ts";
import { markdown, screen } from "../tools/defects/table.ts";

let findings: Finding[] = [];
beforeAll(async () => {
  findings = await findAll();
});

describe.each(defects.map((defect, i) => ({ ...defect, i })))("$behaviour:", ({ i, beyondUs }) => {
  test("stock 4.22 still fails", () => expect(findings[i]?.stock).toMatchObject({ right: false }));

  test(beyondUs ? "so does ours, since TensorFlow.js lacks it" : "ours is right", () =>
    expect(findings[i]?.ours).toMatchObject({ right: !beyondUs }),
  );
});

test("the document's table is what the command prints", () => {
  const text = readFileSync(new URL("../../../docs/tfjs.md", import.meta.url), "utf8");
  expect(text).toContain(`\n${markdown(findings)}\n`);
});

test("the table fits a screen 120 columns wide", () => {
  for (const line of screen(findings).split("\n")) expect(line.length).toBeLessThanOrEqual(120);
});
