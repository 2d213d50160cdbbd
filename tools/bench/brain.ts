import { type HostSuite, runHost } from "./host-suite.ts";
import { netOf, samples } from "./nets.ts";
import { nodeWorker } from "./subjects.ts";
import type { Suite } from "./suite.ts";

const host: HostSuite = {
  name: "brain",
  train: ["2-8-1", "4-16-8-3", "64-100-100-10"],
  digits: ["64-100-100-100-10"],
  subjects: ["ours", "stock"].map((name) => ({
    name,
    command: () => nodeWorker("workers/brain.ts", name),
  })),
};

export const brain: Suite = {
  name: host.name,
  title: `brain.js: one pass over ${samples.toLocaleString("en")} samples, and learning the digits`,
  notes: [
    "ours: Batch Normalization on hidden layers; brain.js's weights are read before, and folded into after.",
    "stock: brain.js itself, one sample after the other, and without Batch Normalization, which it has not.",
    "train is one call of train() on both, with all that it does to its data.",
    "to-95: training until 95 % of 297 digits are right, tested after each pass of 1,500; 60 s at most.",
    "  ours by rate 0.9 and batches of 60, stock by its default, 0.3; both from the same weights.",
  ],
  shapes: [...host.train, ...host.digits],
  describe: (shape) =>
    host.digits.includes(shape)
      ? `${shape}, the digits`
      : `${shape}, batch ${netOf(`${shape} f32 bn`).batchSize}`,
  ops: ["train", "to-95"],
  subjects: host.subjects.map(({ name }) => name),
  samples,
  run: (selection) => runHost(host, selection),
};
