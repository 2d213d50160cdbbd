// brain.js as it is: a pass of one sample after the other, by the loop that `train` runs, on data that `train`
// has prepared, so that its own formatting and error checks cost it nothing here.
import { createRequire } from "node:module";
import { NeuralNetwork } from "brain.js";
import { netOf, trainingSet } from "../nets.ts";
import { serve } from "../worker.ts";

const { version } = createRequire(import.meta.url)("brain.js/package.json") as { version: string };

await serve(`brain.js ${version}`, ({ op }) => {
  const net = netOf(op.replace("train ", ""));
  const { inputs, targets } = trainingSet(net);
  const network = new NeuralNetwork<number[], number[]>({ hiddenLayers: net.sizes.slice(1, -1) });
  const data = inputs.map((input, i) => ({ input, output: targets[i] as number[] }));
  const { preparedData } = network.prepTraining(data, { learningRate: 0.1 });
  return { run: () => network.trainPatterns(preparedData) };
});
