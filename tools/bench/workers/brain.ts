// brain.js by calls of its own `train`: ours, with Batch Normalization, or stock. Both look at what they are
// given and copy it; ours reads the network's weights before and folds into them after.
import { createRequire } from "node:module";
import { withBatchNorm } from "@batchnorm/brain";
import { NeuralNetwork } from "brain.js";
import { type Learner, learnDigits } from "../digits-goal.ts";
import { netOf, trainingSet } from "../nets.ts";
import { warmUp } from "../warm-up.ts";
import { serve } from "../worker.ts";

type Stock = NeuralNetwork<number[], number[]>;

const { version } = createRequire(import.meta.url)("brain.js/package.json") as { version: string };
const ours = process.argv[2] === "ours";
const Ours = withBatchNorm(NeuralNetwork<number[], number[]>);
/** It would have to be perfect to stop before its end. */
const pass = { iterations: 1, errorThresh: 1e-9 };
let seed = 0;

await serve(`${ours ? "ours on " : ""}brain.js ${version}`, ({ op }) => {
  const [what, shape = ""] = op.split(" ");
  if (what === "to-95")
    return { measure: () => learnDigits(beginner(shape.split("-").map(Number))) };
  const net = netOf(`${shape} f32 bn`);
  const { inputs, targets } = trainingSet(net);
  const data = inputs.map((input, i) => ({ input, output: targets[i] as number[] }));
  const hiddenLayers = net.sizes.slice(1, -1);
  const network: Stock = ours
    ? new Ours({ hiddenLayers, batchNorm: { batchSize: net.batchSize } })
    : new NeuralNetwork<number[], number[]>({ hiddenLayers });
  const run = (): unknown => network.train(data, { ...pass, learningRate: 0.1 });
  warmUp(run);
  return { run };
});

/** The same weights for both. The default rate suits brain.js; a gradient of 60 may be followed further. */
function beginner(sizes: number[]): Learner {
  const begin = new Ours({
    hiddenLayers: sizes.slice(1, -1),
    batchNorm: { batchSize: 60, seed: seed++ },
  });
  begin.sizes = sizes;
  begin.initialize();
  const network: Stock = ours ? begin : new NeuralNetwork<number[], number[]>();
  if (network !== begin) network.fromJSON(begin.toJSON());
  const learningRate = ours ? 0.9 : 0.3;
  return {
    train: (samples) => network.train(samples, { ...pass, learningRate }),
    predict: (inputs) => inputs.map((input) => network.run(input)),
  };
}
