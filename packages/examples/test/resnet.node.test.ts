import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { memory, setBackend } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { loadDigits } from "../src/digits.ts";
import { readOptions, resnet } from "../src/options.ts";
import { type ResnetResult, runResnet } from "../src/resnet.ts";
import { resnetReport } from "../src/resnet-report.ts";

describe("the residual network", () => {
  const run = (samples: number, onStep = (_: number): void => {}): Promise<ResnetResult> =>
    runResnet({ ...loadDigits("1"), seed: 1, samples, onStep });

  beforeAll(async () => {
    const resolve = createRequire(import.meta.url).resolve;
    setWasmPaths(dirname(resolve("@tensorflow/tfjs-backend-wasm")) + sep);
    await setBackend("wasm");
  });

  test("learns, recalibrates, folds without a loss, and is the same when loaded", async () => {
    const steps: number[] = [];
    const { stages, difference, findings } = await run(3000, (seen) => steps.push(seen));
    expect(steps.length).toBe(60);
    const [trained, recalibrated, folded, loaded] = stages;
    expect(recalibrated?.accuracy).toBeGreaterThan(0.9);
    // After so few steps the running statistics are still half the initial ones.
    expect(trained?.accuracy).toBeLessThan(recalibrated?.accuracy ?? 0);
    expect(findings[0].map(({ problem }) => problem)).toContain("initial-share");
    expect(findings[1]).toEqual([]);
    expect(folded?.accuracy).toBe(recalibrated?.accuracy);
    expect(loaded?.accuracy).toBe(folded?.accuracy);
    expect(loaded?.parameters).toBe(folded?.parameters);
    // Seven layers of Batch Normalization are gone.
    expect((trained?.layers ?? 0) - (folded?.layers ?? 0)).toBe(7);
    // Probabilities, in float32, behind eight layers of 64 products each.
    expect(difference).toBeLessThan(1e-5);
  });

  test("leaves no tensor behind", async () => {
    const before = memory().numTensors;
    await run(100);
    expect(memory().numTensors).toBe(before);
  });
});

test("the report says what was wrong, or that nothing was", () => {
  const stage = { name: "training", accuracy: 0.951, layers: 22, parameters: 12_345 };
  const finding = (layer: string) =>
    ({ layer, problem: "dead-gamma", message: "channel 3: gamma is 0", advice: "prune" }) as never;
  const findings = [[finding("norm_1"), finding("norm_2")], []] as const;
  const text = resnetReport({ stages: [stage], findings, difference: 2e-7, seconds: 3 });
  expect(text).toMatch(/│\s+training │\s+95\.1 % │\s+22 │\s+12,345 │/);
  const line = "2 × dead-gamma, as in norm_1, channel 3: gamma is 0: prune";
  expect(text).toContain(`wrong after training:\n  ${line}`);
  expect(text).toContain("wrong after recalibration: nothing");
  expect(text).toContain("by more than 2e-7");
});

test("its command line has defaults of its own", () => {
  expect(readOptions([], resnet).samples).toBe(6000);
  expect(() => readOptions(["--samples", "49"], resnet)).toThrow("≥ 50");
});
