// One pass by one call of brain.js's own `train`: ours, with Batch Normalization, or stock. Both look at what
// they are given and copy it; ours reads the network's weights before and folds into them after.
import { createRequire } from "node:module";
import { withBatchNorm } from "@batchnorm/brain";
import { NeuralNetwork } from "brain.js";
import { netOf, trainingSet } from "../nets.ts";
import { serve } from "../worker.ts";

const { version } = createRequire(import.meta.url)("brain.js/package.json") as { version: string };
const ours = process.argv[2] === "ours";

/** It would have to be perfect to stop before its end. */
const pass = { iterations: 1, errorThresh: 1e-9, learningRate: 0.1 };

const warmUpMs = 1500;

await serve(`${ours ? "ours on " : ""}brain.js ${version}`, ({ op }) => {
  const { sizes, batchSize, ...net } = netOf(`${op.replace("train ", "")} f32 bn`);
  const { inputs, targets } = trainingSet({ sizes, batchSize, ...net });
  const data = inputs.map((input, i) => ({ input, output: targets[i] as number[] }));
  const options = { hiddenLayers: sizes.slice(1, -1) };
  const network = ours
    ? new (withBatchNorm(NeuralNetwork<number[], number[]>))({
        ...options,
        batchNorm: { batchSize },
      })
    : new NeuralNetwork<number[], number[]>(options);
  const run = (): unknown => network.train(data, pass);
  // A call of train is much code, which V8 compiles for the last time after a thousand calls.
  for (const end = performance.now() + warmUpMs; performance.now() < end; ) run();
  return { run };
});
