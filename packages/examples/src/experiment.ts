import { batchNormalization } from "@batchnorm/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import { initializers, layers, type Sequential, sequential } from "@tensorflow/tfjs-layers";
import { pixelsPerSample, type Samples } from "./digits.ts";
import { accuracy, batchesOf, classes, tensorsOf } from "./tensors.ts";

/** What the paper trained on MNIST: three hidden layers of 100 sigmoid units, batches of 60. */
const hiddenLayers = 3;
const units = 100;
export const batchSize = 60;

export interface Experiment {
  readonly train: Samples;
  readonly test: Samples;
  readonly batchNorm: boolean;
  readonly seed: number;
  /** Of plain gradient descent. */
  readonly rate: number;
  /** Training samples seen at which to test; multiples of the batch size, rising. */
  readonly checkpoints: readonly number[];
  /** Called after every step with the training samples seen so far. */
  readonly onStep: (seen: number) => void;
}

/** Test accuracy, in [0, 1], at every checkpoint. */
export interface Result {
  readonly accuracies: number[];
  readonly seconds: number;
}

/**
 * Trains the network and tests it on the way. The same seed gives the same weights and batches, with
 * Batch Normalization and without.
 *
 * @see Ioffe & Szegedy 2015, section 4.1
 */
export async function run(experiment: Experiment): Promise<Result> {
  const { train, test, checkpoints, seed, rate, onStep } = experiment;
  const model = network(experiment);
  const optimizer = tf.train.sgd(rate);
  model.compile({ optimizer, loss: "categoricalCrossentropy" });
  const [x, y] = tensorsOf(train);
  const [testX, testY] = tensorsOf(test);
  const batches = batchesOf(train.labels.length, batchSize, seed);
  const accuracies: number[] = [];
  const started = performance.now();
  for (let seen = batchSize; seen <= (checkpoints.at(-1) ?? 0); seen += batchSize) {
    const batch = tf.tensor1d(batches.next().value, "int32");
    const [batchX, batchY] = [tf.gather(x, batch), tf.gather(y, batch)];
    await model.trainOnBatch(batchX, batchY);
    tf.dispose([batch, batchX, batchY]);
    onStep(seen);
    if (checkpoints.includes(seen)) accuracies.push(accuracy(model, testX, testY));
  }
  const seconds = (performance.now() - started) / 1000;
  tf.dispose([x, y, testX, testY]);
  model.dispose();
  optimizer.dispose();
  return { accuracies, seconds };
}

function network({ batchNorm, seed }: Experiment): Sequential {
  const model = sequential();
  for (let i = 0; i < hiddenLayers; i++) {
    model.add(
      layers.dense({
        units,
        inputShape: [i === 0 ? pixelsPerSample : units],
        kernelInitializer: initializers.glorotUniform({ seed: seed + i }),
        useBias: !batchNorm, // beta does what the bias would
      }),
    );
    if (batchNorm) model.add(batchNormalization({ momentum: 0.9, start: "debiased" }));
    model.add(layers.activation({ activation: "sigmoid" }));
  }
  model.add(
    layers.dense({
      units: classes,
      activation: "softmax",
      kernelInitializer: initializers.glorotUniform({ seed: seed + hiddenLayers }),
    }),
  );
  return model;
}
