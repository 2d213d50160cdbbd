import { batchNormalization, foldBatchNorm } from "@batchnorm/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { describe, expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { expectClose } from "./close.ts";
import {
  classesOf,
  expectFolds,
  foldTolerance,
  on,
  outputsOf,
  type Symbolic,
  scrambled,
  shapeOf,
  tensorOf,
  through,
} from "./models.ts";

const { layers } = tfl;
function residual(bn: (args?: object) => tfl.layers.Layer): tfl.LayersModel {
  const x = tfl.input({ shape: [6, 6, 2] });
  const conv = (filters: number, kernelSize = 3) =>
    layers.conv2d({ filters, kernelSize, padding: "same", useBias: false });
  const stem = through(x, conv(4), bn({ name: "stem" }), layers.reLU());
  const main = through(stem, conv(4), bn(), layers.reLU(), conv(4), bn());
  const sum = through(on([stem, main], layers.add()), layers.reLU());
  const narrow = through(sum, conv(6, 1), bn());
  const wide = through(sum, conv(6), bn());
  const top = through(on([narrow, wide], layers.add()), layers.reLU());
  const y = through(top, layers.globalAveragePooling2d({}), layers.dense({ units: 3 }));
  return tfl.model({ inputs: x, outputs: y });
}

onEachBackend(() => {
  describe("a graph folds to the same outputs:", () => {
    test("residual blocks", async () => {
      await expectFolds(
        residual(batchNormalization),
        "InputLayer Conv2D ReLU Conv2D ReLU Conv2D Add ReLU Conv2D Conv2D Add ReLU GlobalAveragePooling2D Dense",
      );
    });

    test("Batch Normalization that two dense layers read", async () => {
      const x = tfl.input({ shape: [3] });
      const normal = on(x, batchNormalization());
      const [a, b] = [1, 2].map(() => on(normal, layers.dense({ units: 2 }))) as [
        Symbolic,
        Symbolic,
      ];
      await expectFolds(tfl.model({ inputs: x, outputs: [a, b] }), "InputLayer Dense Dense");
    });

    test("several inputs and outputs", async () => {
      const [a, b] = [tfl.input({ shape: [3] }), tfl.input({ shape: [2] })];
      const left = through(a, layers.dense({ units: 4 }), batchNormalization());
      const right = through(b, batchNormalization(), layers.dense({ units: 4 }));
      const both = on([left, right], layers.concatenate());
      const model = tfl.model({
        inputs: [a, b],
        outputs: [on(both, layers.dense({ units: 1 })), right],
      });
      await expectFolds(model, "InputLayer InputLayer Dense Dense Concatenate Dense");
    });

    test("a shared layer with one fate stays shared", async () => {
      const [a, b] = [tfl.input({ shape: [3] }), tfl.input({ shape: [3] })];
      const [dense, bn] = [layers.dense({ units: 4 }), batchNormalization()];
      const both = [a, b].map((x) => through(x, dense, bn));
      const model = tfl.model({ inputs: [a, b], outputs: on(both, layers.concatenate()) });
      await expectFolds(model, "InputLayer InputLayer Dense Concatenate");
    });

    test("a shared layer with two fates becomes two", async () => {
      const [a, b] = [tfl.input({ shape: [3] }), tfl.input({ shape: [3] })];
      const dense = layers.dense({ units: 4, name: "shared" });
      const both = [through(a, dense, batchNormalization()), on(b, dense)];
      const model = tfl.model({ inputs: [a, b], outputs: on(both, layers.concatenate()) });
      await expectFolds(model, "InputLayer InputLayer Dense Dense Concatenate");
      const folded = await foldBatchNorm(model);
      const names = folded.layers.map(({ name }) => name);
      expect(names).toContain("shared");
      expect(names).toContain("shared_2");
    });

    test("nested models, one of them used twice", async () => {
      const tower = tfl.sequential({
        layers: [layers.dense({ units: 4, inputShape: [3] }), batchNormalization(), layers.reLU()],
      });
      const [a, b] = [tfl.input({ shape: [3] }), tfl.input({ shape: [3] })];
      const both = on([on(a, tower), on(b, tower)], layers.add());
      const head = tfl.sequential({
        layers: [batchNormalization({ inputShape: [4] }), layers.dense({ units: 2 })],
      });
      const model = tfl.model({ inputs: [a, b], outputs: on(both, head) });
      await expectFolds(model, "InputLayer InputLayer Dense ReLU Add Dense");
    });

    test("a Sequential in a Sequential", async () => {
      const inner = tfl.sequential({
        layers: [layers.dense({ units: 4, inputShape: [3] }), batchNormalization()],
      });
      const model = tfl.sequential({
        layers: [inner, batchNormalization(), layers.dense({ units: 2 })],
      });
      await expectFolds(model, "Dense Dense");
    });

    test("recurrent layers around it", async () => {
      const x = tfl.input({ shape: [5, 3] });
      const model = tfl.model({
        inputs: x,
        outputs: through(
          x,
          layers.bidirectional({
            layer: layers.gru({ units: 2, recurrentInitializer: "glorotUniform" }) as never,
          }),
          layers.dense({ units: 4 }),
          batchNormalization(),
        ),
      });
      await expectFolds(model, "InputLayer Bidirectional Dense");
    });

    test("weights without shift fold into padded and transposed convolutions behind them", async () => {
      const bn = () => batchNormalization({ center: false });
      const model = tfl.sequential({
        layers: [
          batchNormalization({ center: false, inputShape: [4, 4, 2] }),
          layers.conv2d({ filters: 3, kernelSize: 3, padding: "same", activation: "relu" }),
          bn(),
          layers.conv2dTranspose({ filters: 2, kernelSize: 3 }),
        ],
      });
      scrambled(model);
      for (const layer of [0, 2].map((i) => model.layers[i] as ReturnType<typeof bn>)) {
        tf.tidy(() => void layer.movingMean.write(tf.zerosLike(layer.movingMean.read())));
      }
      const x = tensorOf("x", [2, ...shapeOf(model)]);
      const folded = await foldBatchNorm(model);
      expect(classesOf(folded)).toBe("Conv2D Conv2DTranspose");
      expectClose(outputsOf(folded, x)[0]!, outputsOf(model, x)[0]!, foldTolerance);
    });

    test("a separable convolution with a multiplier, which tfjs-layers forgets to save", async () => {
      const model = scrambled(
        tfl.sequential({
          layers: [
            batchNormalization({ inputShape: [5, 5, 3] }),
            layers.separableConv2d({ filters: 4, kernelSize: 3, depthMultiplier: 2 }),
            batchNormalization(),
          ],
        }),
      );
      const x = tensorOf("x", [2, 5, 5, 3]);
      const folded = await foldBatchNorm(model);
      expect(classesOf(folded)).toBe("SeparableConv2D");
      expectClose(outputsOf(folded, x)[0]!, outputsOf(model, x)[0]!, foldTolerance);
    });
  });

  test("the model that is folded stays as it was, and lives on its own", async () => {
    const model = scrambled(residual(batchNormalization));
    const x = tensorOf("x", [2, ...shapeOf(model)]);
    const [before] = outputsOf(model, x) as [Float32Array];
    const layersBefore = classesOf(model);
    const tensors = tf.memory().numTensors;
    const folded = await foldBatchNorm(model);
    const weights = new Set(folded.weights.map(({ name }) => name)).size;
    expect(tf.memory().numTensors).toBe(tensors + weights);
    expect(new Set([...model.weights, ...folded.weights].map(({ id }) => id)).size).toBe(
      model.weights.length + weights,
    );
    tf.tidy(() => {
      for (const weight of folded.weights) weight.write(tf.zerosLike(weight.read()));
    });
    folded.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
    expect(outputsOf(model, x)[0]).toEqual(before);
    expect(classesOf(model)).toBe(layersBefore);
    await foldBatchNorm(model); // and folds again
  });
});
