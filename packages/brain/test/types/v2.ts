// A user's file, as it stands in no package of ours: brain.js 2, with its own types.
import { batchNormStates, recalibrate, withBatchNorm } from "@batchnorm/brain";
import { batchNormLayers } from "@batchnorm/brain/feed-forward";
import brain, { CrossValidate, NeuralNetwork } from "brain.js";

const Net = withBatchNorm(NeuralNetwork<number[], number[]>);
const net = new Net({
  hiddenLayers: [16],
  activation: "relu",
  batchNorm: { batchSize: 32, input: true, hidden: { momentum: 0.9 }, seed: 1 },
});
const data = [{ input: [0, 1], output: [1] }];
const status = net.train(data, { iterations: 3, log: (s) => console.log(s.error) });
export const error: number = status.error;
export const y: number | undefined = net.run([0, 1])[0];
export const later: Promise<{ readonly error: number; readonly iterations: number }> =
  net.trainAsync(data, { iterations: 3, signal: new AbortController().signal });
export const stock = new NeuralNetwork<number[], number[]>().fromJSON(net.toJSON());
export const version: 1 = net.toJSON().batchNorm.version;
recalibrate(net, data);
export const [state] = batchNormStates(net);
export const cross = new CrossValidate(() => new Net({ batchNorm: {} }));

const Plain = withBatchNorm(NeuralNetwork);
export const plain = new Plain({ hiddenLayers: [3] }).run({ a: 1 });

// @ts-expect-error: no such option
new Net({ batchNorm: { batchsize: 3 } });
// @ts-expect-error: an input is an array here
net.run("text");

const { batchNorm, BatchFeedForward } = batchNormLayers(brain);
const { input, multiply, random, sigmoid, target } = brain.layer;
export const feedForward = new BatchFeedForward({
  inputLayer: () => input({ height: 2, width: 4 }),
  hiddenLayers: [
    (before) => multiply(random({ height: 3, width: 2 }), before),
    (before) => batchNorm(before, { momentum: 0.9, praxisOpts: { learningRate: 0.1 } }),
    (before) => sigmoid(before),
  ],
  outputLayer: (before) => target({ height: 3, width: 4 }, before),
});
