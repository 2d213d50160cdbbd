// Trains the paper's network, three hidden layers of 100 sigmoid units, on the digits by brain.js's own
// `train`, one epoch a call, until 95 % of the test digits are right: `brain-digits.ts ours|stock SEED CAP_MS`.
// Testing is not counted. Both begin with the same weights, and end with what they have learned in a line of JSON.
import { withBatchNorm } from "@batchnorm/brain";
import { NeuralNetwork } from "brain.js";
import {
  loadDigits,
  pixelsPerSample,
  type Samples,
} from "../../../packages/examples/src/digits.ts";

const [, , subject, seed, capMs] = process.argv;
const goal = 0.95;

const { train, test } = loadDigits(`${seed}`);
const data = rowsOf(train);
const rest = rowsOf(test);

const Ours = withBatchNorm(NeuralNetwork<number[], number[]>);
const hiddenLayers = [100, 100, 100];
const begin = new Ours({ hiddenLayers, batchNorm: { batchSize: 60, seed: Number(seed) } });
begin.sizes = [pixelsPerSample, ...hiddenLayers, 10];
begin.initialize();
const network = subject === "ours" ? begin : new NeuralNetwork<number[], number[]>();
if (network !== begin) network.fromJSON(begin.toJSON());

// The default of brain.js suits it; batches of 60 have gradients that may be followed further.
const epoch = { iterations: 1, errorThresh: 1e-9, learningRate: subject === "ours" ? 0.9 : 0.3 };
let [ms, samples, accuracy] = [0, 0, 0];
while (accuracy < goal && ms < Number(capMs)) {
  const start = performance.now();
  network.train(data, epoch);
  ms += performance.now() - start;
  samples += data.length;
  accuracy =
    rest.filter(({ input, output }) => best(network.run(input)) === best(output)).length /
    rest.length;
}
console.log(JSON.stringify({ ms, samples, accuracy, reached: accuracy >= goal }));

function rowsOf({ pixels, labels }: Samples): { input: number[]; output: number[] }[] {
  return Array.from(labels, (label, i) => ({
    input: Array.from(pixels.subarray(i * pixelsPerSample, (i + 1) * pixelsPerSample)),
    output: Array.from({ length: 10 }, (_, k) => Number(k === label)),
  }));
}

function best(row: ArrayLike<number>): number {
  const values = Array.from(row);
  return values.indexOf(Math.max(...values));
}
