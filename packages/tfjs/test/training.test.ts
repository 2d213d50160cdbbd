import { BatchNorm, batchNormalization } from "@batchnorm/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import * as tfd from "@tensorflow/tfjs-data";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { expectClose } from "./close.ts";
import { normals } from "./random.ts";

const rows = 24;
const features = 3;
const inputs = normals("inputs", rows * features, 5, 2);
const targets = Float32Array.from({ length: rows }, (_, i) => (inputs[i * features]! > 5 ? 1 : 0));

/** Dense, Batch Normalization, dense: the same weights every time. */
function network(): { model: tfl.Sequential; layer: ReturnType<typeof batchNormalization> } {
  const initial = (seed: number) => tfl.initializers.glorotUniform({ seed });
  const layer = batchNormalization({ momentum: 0.5 });
  const model = tfl.sequential({
    layers: [
      tfl.layers.dense({ units: 4, inputShape: [features], kernelInitializer: initial(1) }),
      layer,
      tfl.layers.dense({ units: 1, kernelInitializer: initial(2) }),
    ],
  });
  model.compile({ optimizer: tf.train.sgd(0.05), loss: "meanSquaredError" });
  return { model, layer };
}

onEachBackend(() => {
  beforeEach(() => {
    tf.disposeVariables();
  });

  const tensors = (): [tf.Tensor2D, tf.Tensor2D] => [
    tf.tensor2d(inputs, [rows, features]),
    tf.tensor2d(targets, [rows, 1]),
  ];

  describe("trains by", () => {
    test("fit, fitDataset and trainOnBatch alike", async () => {
      const [x, y] = tensors();
      const epochs = 4;
      const batchSize = 8;

      const fitted = network();
      const { history } = await fitted.model.fit(x, y, {
        ...{ epochs, batchSize, shuffle: false, verbose: 0 },
        validationData: [x, y],
      });
      const [first, last] = [history.loss![0], history.loss!.at(-1)] as [number, number];
      expect(last).toBeLessThan(first);

      const piped = network();
      const samples = tfd.array(
        Array.from(targets, (target, i) => ({
          xs: inputs.slice(i * features, (i + 1) * features),
          ys: [target],
        })),
      );
      const dataset = samples.batch(batchSize).prefetch(2);
      await piped.model.fitDataset(dataset, { epochs, verbose: 0 });

      const stepped = network();
      for (let step = 0; step < (epochs * rows) / batchSize; step++) {
        const start = (step % (rows / batchSize)) * batchSize;
        const [part, wanted] = [
          tf.slice(x, [start, 0], [batchSize, features]),
          tf.slice(y, [start, 0], [batchSize, 1]),
        ];
        await stepped.model.trainOnBatch(part, wanted);
        tf.dispose([part, wanted]);
      }

      for (const { model, layer } of [piped, stepped]) {
        expectClose(model.predict(x) as tf.Tensor, fitted.model.predict(x) as tf.Tensor, 1e-5);
        for (const [i, weight] of layer.getWeights().entries()) {
          expectClose(weight, fitted.layer.getWeights()[i]!, 1e-5);
        }
      }
      expect((await fitted.layer.toState()).updates).toBe(12);
    });

    test("a loop of one's own with variableGrads, under tidy, and leaves nothing behind", () => {
      const [x, y] = tensors();
      const layer = new BatchNorm(features, { momentum: 0.5 });
      const weight = tf.variable(tf.tensor2d([[0.3], [-0.2], [0.1]]));
      const optimizer = tf.train.momentum(0.05, 0.5);
      const variables = [weight, ...layer.trainableWeights];
      const step = (): number =>
        tf.tidy(() => {
          const { value, grads } = tf.variableGrads(() => {
            const predicted = tf.matMul(layer.apply(x, { training: true }), weight);
            return tf.mean(tf.square(tf.sub(predicted, y)));
          }, variables);
          optimizer.applyGradients(
            Object.entries(grads).map(([name, tensor]) => ({ name, tensor })),
          );
          return value.dataSync()[0]!;
        });
      const first = step();
      const before = tf.memory();
      let last = first;
      for (let i = 0; i < 20; i++) last = step();
      expect(last).toBeLessThan(first);
      expect(tf.memory()).toEqual(before);
      layer.dispose();
      optimizer.dispose();
      tf.dispose([x, y, weight]);
    });
  });
});
