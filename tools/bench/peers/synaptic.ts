// synaptic as it is, optimized: a pass of one sample after the other by its own Trainer.
import { createRequire } from "node:module";
import synaptic from "synaptic";
import { netOf, trainingSet } from "../nets.ts";
import { serve } from "../worker.ts";

const { version } = createRequire(import.meta.url)("synaptic/package.json") as { version: string };

await serve(`synaptic ${version}, optimized`, ({ op }) => {
  const net = netOf(op.replace("train ", ""));
  const { inputs, targets } = trainingSet(net);
  const set = inputs.map((input, i) => ({ input, output: targets[i] as number[] }));
  const trainer = new synaptic.Trainer(new synaptic.Architect.Perceptron(...net.sizes));
  // An error of 0 counts as none given, and as 0.005.
  return { run: () => trainer.train(set, { iterations: 1, error: 1e-30, rate: 0.1 }) };
});
