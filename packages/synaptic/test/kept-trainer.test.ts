import { expectRefusal } from "@batchnorm/conformance/vitest";
import { type FlatSamples, Network } from "@batchnorm/minibatch";
import { expect, test } from "vitest";
import { KeptTrainer } from "../src/kept-trainer.ts";

const inputs = 8;
const network = new Network({ inputs, layers: [{ units: 1 }] }, { type: "float64", batchSize: 5 });
const settings = { batchSize: 4, shuffle: true, cost: "squared-error", seed: 1 } as const;
const samples = (count: number): FlatSamples => ({
  x: new Float64Array(count * inputs),
  t: new Float64Array(count),
  count,
});

test("few samples' trainer is kept for the next call, of other ones too", () => {
  const kept = new KeptTrainer();
  const trainer = kept.of(network, samples(10), settings);
  kept.release(samples(10));
  expect(kept.of(network, samples(10), settings)).toBe(trainer);
  expect(kept.of(network, samples(11), settings)).not.toBe(trainer);
});

test("many samples do not stay in memory once they have been trained on", () => {
  const kept = new KeptTrainer();
  const many = samples(10_000);
  const trainer = kept.of(network, many, settings);
  kept.release(many);
  expectRefusal("ERR_BATCHNORM_DISPOSED", () => trainer.train({ epochs: 1 }));
  expect(kept.of(network, many, settings)).not.toBe(trainer);
});
