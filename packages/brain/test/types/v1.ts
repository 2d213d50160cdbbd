// A user's file, as it stands in no package of ours: brain.js 1.6.1, with its own types.
import { batchNormStates, withBatchNorm } from "@batchnorm/brain";
import brain from "brain-v1";

const Net = withBatchNorm(brain.NeuralNetwork);
const net = new Net({
  hiddenLayers: [16],
  activation: "relu",
  batchNorm: { batchSize: 32, input: true, hidden: [true], onWarning: (text) => console.log(text) },
});
const data = [{ input: [0, 1], output: [1] }];
const status = net.train(data, { iterations: 3, learningRate: 0.1 });
export const error: number = status.error;
export const y: number | undefined = net.run([0, 1])[0];
export const later: Promise<{ readonly error: number; readonly iterations: number }> =
  net.trainAsync(data, { iterations: 3, signal: new AbortController().signal });
export const stock: brain.NeuralNetwork = new brain.NeuralNetwork().fromJSON(net.toJSON());
export const version: 1 = net.toJSON().batchNorm.version;
export const [state] = batchNormStates(net);

// @ts-expect-error: no such option
new Net({ batchNorm: { batchsize: 3 } });
