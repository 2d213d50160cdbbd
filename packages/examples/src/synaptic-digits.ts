import { createBatchNorm, type Network } from "@batchnorm/synaptic";
import synaptic from "synaptic";
import { loadDigits, type Samples } from "./digits.ts";

const { BatchNormPerceptron, BatchTrainer, foldBatchNorm, predictBatch } =
  createBatchNorm(synaptic);

/** How the digits went. Accuracies are of the test's, in [0, 1]. */
export interface DigitsResult {
  /** After each pass over the training set. */
  readonly accuracies: readonly number[];
  /** Of what plain synaptic makes of the saved network. */
  readonly loaded: number;
  /** Of the network with Batch Normalization folded into its weights, and how many layers that has. */
  readonly folded: number;
  readonly layers: readonly [before: number, after: number];
  /** Of training, reading and writing the network each pass. */
  readonly seconds: number;
}

/**
 * Trains synaptic's network on the digits by mini-batches, and gives it back to plain synaptic in two ways.
 *
 * @param sizes - From 64 pixels to 10 digits.
 */
export function trainDigits(sizes: readonly number[], passes: number, seed: number): DigitsResult {
  const { train, test } = loadDigits(`${seed}`);
  const [set, tested] = [samplesOf(train), samplesOf(test)];
  const inputs = tested.map(({ input }) => input);
  const accuracy = (answers: readonly number[][]): number => {
    const right = answers.filter((y, i) => y.indexOf(Math.max(...y)) === test.labels[i]);
    return right.length / answers.length;
  };
  const ask = (network: Network): number[][] => inputs.map((input) => network.activate(input));

  const network = new BatchNormPerceptron(...sizes, { seed });
  const trainer = new BatchTrainer(network, {
    iterations: 1,
    error: 0,
    rate: 1,
    batchSize: 60,
    seed,
  });
  const accuracies: number[] = [];
  let ms = 0;
  for (let pass = 0; pass < passes; pass++) {
    ms += trainer.train(set).time;
    accuracies.push(accuracy(predictBatch(network, inputs)));
  }
  const stock = synaptic.Network.fromJSON(JSON.parse(JSON.stringify(network)));
  const folded = foldBatchNorm(network);
  return {
    accuracies,
    loaded: accuracy(ask(stock)),
    folded: accuracy(ask(folded)),
    layers: [network.layers.hidden.length, folded.layers.hidden.length],
    seconds: ms / 1000,
  };
}

function samplesOf({ pixels, labels }: Samples) {
  return Array.from(labels, (label, i) => ({
    input: Array.from(pixels.subarray(64 * i, 64 * (i + 1))),
    output: Array.from({ length: 10 }, (_, digit) => Number(digit === label)),
  }));
}
