import { type HostSuite, runHost } from "./host-suite.ts";
import { installFromNpm } from "./install-peers.ts";
import { nets, samples } from "./nets.ts";
import { nodeWorker } from "./subjects.ts";
import type { Suite } from "./suite.ts";

const host: HostSuite = {
  name: "synaptic",
  train: ["2-8-1", "4-16-8-3", "64-100-100-10"],
  // The one that synaptic can learn with, and the paper's.
  digits: ["64-30-10", "64-100-100-100-10"],
  subjects: [
    { name: "ours", command: () => nodeWorker("workers/synaptic.ts") },
    {
      name: "stock",
      command(say) {
        installFromNpm(say);
        return nodeWorker("peers/synaptic.ts");
      },
    },
  ],
};

export const synaptic: Suite = {
  name: host.name,
  title: `synaptic: one pass over ${samples.toLocaleString("en")} samples, and learning the digits`,
  notes: [
    "ours: Batch Normalization on hidden layers, float64, reading and writing synaptic's network included.",
    "stock: synaptic's Trainer, optimized, one sample after the other, without Batch Normalization.",
    "to-95: training until 95 % of 297 digits are right, tested after each pass of 1,500; 60 s at most.",
    "  ours by rate 1 and batches of 60; stock by rate 0.1, which is quickest for 64-30-10; its code generation counts.",
  ],
  shapes: [...host.train, ...host.digits],
  describe(shape) {
    const net = nets.find(({ name }) => name === `${shape} f64 bn`);
    return net ? `${shape}, batch ${net.batchSize}` : `${shape}, the digits`;
  },
  ops: ["train", "to-95"],
  subjects: host.subjects.map(({ name }) => name),
  samples,
  run: (selection) => runHost(host, selection),
};
