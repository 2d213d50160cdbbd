import { expect, test } from "vitest";
import { trainDigits } from "../src/synaptic-digits.ts";

test("synaptic's network learns the digits, and plain synaptic knows them as well", () => {
  const { accuracies, loaded, folded, layers } = trainDigits([64, 30, 10], 4, 1);
  expect(accuracies.at(-1)).toBeGreaterThan(0.93);
  expect([loaded, folded]).toEqual([accuracies.at(-1), accuracies.at(-1)]);
  expect(layers).toEqual([2, 1]);
  expect(trainDigits([64, 30, 10], 2, 1).accuracies).toEqual(accuracies.slice(0, 2));
}, 120_000);
