// The adapter for synaptic, reading and writing the host's network included.
import { createBatchNorm } from "@batchnorm/synaptic";
import synaptic from "synaptic";
import { learnDigits } from "../digits-goal.ts";
import { netOf, trainingSet } from "../nets.ts";
import { warmUp } from "../warm-up.ts";
import { serve } from "../worker.ts";

const { BatchNormPerceptron, BatchTrainer, predictBatch } = createBatchNorm(synaptic);
let seed = 0;

await serve("ours, on synaptic's networks", ({ op }) => {
  const [what, shape = ""] = op.split(" ");
  if (what === "to-95") {
    return {
      measure() {
        const network = new BatchNormPerceptron(...shape.split("-").map(Number), { seed });
        const options = { iterations: 1, error: 0, rate: 1, batchSize: 60, seed: seed++ };
        const trainer = new BatchTrainer(network, options);
        return learnDigits({
          train: (samples) => trainer.train(samples),
          predict: (inputs) => predictBatch(network, inputs),
        });
      },
    };
  }
  const net = netOf(`${shape} f64 bn`);
  const { inputs, targets } = trainingSet(net);
  const set = inputs.map((input, i) => ({ input, output: targets[i] as number[] }));
  const options = { iterations: 1, error: 0, rate: 0.1, batchSize: net.batchSize };
  const trainer = new BatchTrainer(new BatchNormPerceptron(...net.sizes), options);
  const run = () => trainer.train(set);
  warmUp(run);
  return { run };
});
