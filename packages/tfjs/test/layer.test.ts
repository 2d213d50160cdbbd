import { expectRefusal } from "@batchnorm/conformance/vitest";
import {
  type BatchNormLayerArguments,
  batchNormalization,
  registerBatchNorm,
} from "@batchnorm/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { expectClose } from "./close.ts";
import { normals } from "./random.ts";
import { artifactsOf, load } from "./saved.ts";

const size = (shape: number[]): number => shape.reduce((a, b) => a * b, 1);
const tensorOf = (seed: string, shape: number[]): tf.Tensor =>
  tf.tensor(normals(seed, size(shape), 2, 3), shape);
const values = (layer: tfl.layers.Layer): number[][] =>
  layer.getWeights().map((weight) => Array.from(weight.dataSync()));

/** Dense → BN → dense, the same weights for every seed. */
function network(layer: tfl.layers.Layer): tfl.Sequential {
  const kernel = (seed: number) => tfl.initializers.glorotUniform({ seed });
  return tfl.sequential({
    layers: [
      tfl.layers.dense({ units: 4, inputShape: [3], kernelInitializer: kernel(1) }),
      layer,
      tfl.layers.dense({ units: 1, kernelInitializer: kernel(2) }),
    ],
  });
}

const reload = async (model: tfl.LayersModel): Promise<tfl.LayersModel> =>
  load(await artifactsOf(model));

async function fit(model: tfl.LayersModel, epochs = 3): Promise<number> {
  const [x, y] = [tensorOf("x", [12, 3]), tensorOf("y", [12, 1])];
  const optimizer = tf.train.sgd(0.01);
  model.compile({ optimizer, loss: "meanSquaredError" });
  const { history } = await model.fit(x, y, { epochs, batchSize: 4, shuffle: false, verbose: 0 });
  tf.dispose([x, y]);
  optimizer.dispose();
  return history.loss!.at(-1) as number;
}

onEachBackend(() => {
  beforeAll(registerBatchNorm);

  describe("where the stock layer is right, ours does the same:", () => {
    test("training, moving statistics, inference, weights and their names", async () => {
      const ours = batchNormalization({ momentum: 0.8 });
      const stock = tfl.layers.batchNormalization({ momentum: 0.8 });
      const [model, reference] = [network(ours), network(stock)];
      expect(await fit(model)).toBeCloseTo(await fit(reference), 5);
      for (const [i, weights] of values(ours).entries())
        expectClose(weights, values(stock)[i]!, 1e-5);
      expect(ours.weights.map((weight) => weight.originalName.replace(/.*\//, ""))).toEqual(
        stock.weights.map((weight) => weight.originalName.replace(/.*\//, "")),
      );
      const x = tensorOf("test", [5, 3]);
      expectClose(model.predict(x) as tf.Tensor, reference.predict(x) as tf.Tensor, 1e-5);
    });

    test("its weights load into a stock layer with equal outputs", async () => {
      const ours = batchNormalization();
      const model = network(ours);
      await fit(model);
      const stock = network(tfl.layers.batchNormalization({}));
      stock.setWeights(model.getWeights());
      const x = tensorOf("test", [5, 3]);
      expectClose(stock.predict(x) as tf.Tensor, model.predict(x) as tf.Tensor, 1e-5);
    });
  });

  describe("where the stock layer is wrong, ours is right:", () => {
    test.each([
      { shape: [4, 3], axis: -1 },
      { shape: [4, 3, 5], axis: 1 },
      { shape: [2, 3, 4, 5], axis: 1 },
      { shape: [2, 3, 4, 5], axis: 2 },
      { shape: [2, 2, 3, 4, 5], axis: 1 },
      { shape: [2, 2, 3, 2, 3, 2], axis: -2 },
    ])("$shape with channels on axis $axis, in training and at inference", ({ shape, axis }) => {
      const layer = batchNormalization({ axis, momentum: 0, inputShape: shape.slice(1) });
      const model = tfl.sequential({ layers: [layer] });
      const x = tensorOf("x", shape);
      const trained = model.apply(x, { training: true }) as tf.Tensor;
      const at = axis < 0 ? axis + shape.length : axis;
      const axes = shape.map((_, i) => i).filter((i) => i !== at);
      const { mean, variance } = tf.moments(x, axes, true);
      const expected = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-3)));
      expectClose(trained, expected, 1e-5);
      // Momentum 0 leaves just this batch in the moving statistics.
      expectClose(model.predict(x) as tf.Tensor, expected, 1e-5);
    });

    test.each([{ scale: false }, { center: false }, { scale: false, center: false }])(
      "training with %j",
      async (options) => {
        const layer = batchNormalization(options);
        const model = network(layer);
        const loss = await fit(model, 1);
        expect(await fit(model, 10)).toBeLessThan(loss);
        expect(layer.getWeights()).toHaveLength(
          options.scale === false && options.center === false ? 2 : 3,
        );
        const [mean, variance] = values(layer).slice(-2);
        expect(mean).not.toEqual([0, 0, 0, 0]);
        expect(variance).not.toEqual([1, 1, 1, 1]);
      },
    );

    test("a frozen layer keeps its weights and moving statistics", async () => {
      for (const freeze of [
        (layer: tfl.layers.Layer) => {
          layer.trainable = false;
        },
        (_: tfl.layers.Layer, model: tfl.LayersModel) => {
          model.trainable = false;
        },
      ]) {
        const layer = batchNormalization();
        const model = network(layer);
        await fit(model);
        freeze(layer, model);
        const before = values(layer);
        const x = tensorOf("x", [6, 3]);
        expectClose(
          model.apply(x, { training: true }) as tf.Tensor,
          model.predict(x) as tf.Tensor,
          1e-6,
        );
        expect(values(layer)).toEqual(before);
      }
      const layer = batchNormalization({ trainable: false });
      const model = network(layer);
      const before = values(layer);
      await fit(model);
      expect(values(layer)).toEqual(before);
    });

    test("a NaN batch leaves the moving statistics alone, and is counted", async () => {
      const layer = batchNormalization({ inputShape: [2] });
      const model = tfl.sequential({ layers: [layer] });
      model.apply(tensorOf("x", [4, 2]), { training: true });
      const before = values(layer);
      model.apply(
        tf.tensor2d([
          [1, Number.NaN],
          [2, 3],
        ]),
        { training: true },
      );
      expect(values(layer)).toEqual(before);
      expect(await layer.skippedBatches()).toBe(1);
    });

    test("an empty batch changes nothing", () => {
      const layer = batchNormalization({ inputShape: [2] });
      const model = tfl.sequential({ layers: [layer] });
      const before = values(layer);
      expect((model.apply(tf.zeros([0, 2]), { training: true }) as tf.Tensor).shape).toEqual([
        0, 2,
      ]);
      expect(values(layer)).toEqual(before);
    });

    test("integers become floats, and call needs no second argument", () => {
      const layer = batchNormalization();
      const y = layer.apply(
        tf.tensor2d(
          [
            [1, 2],
            [3, 5],
          ],
          [2, 2],
          "int32",
        ),
      ) as tf.Tensor;
      expect(y.dtype).toBe("float32");
      expectClose(
        layer.call(tf.ones([2, 2])),
        [1, 1, 1, 1].map((one) => one / Math.sqrt(1 + 1e-3)),
        1e-6,
      );
    });
  });

  test("keeping no statistics, it predicts by the batch", () => {
    const layer = batchNormalization({ trackRunningStatistics: false, inputShape: [2] });
    const model = tfl.sequential({ layers: [layer] });
    const x = tensorOf("x", [6, 2]);
    expectClose(model.predict(x) as tf.Tensor, model.apply(x, { training: true }) as tf.Tensor, 0);
  });

  test("its configuration holds the options that the stock layer has none for", () => {
    const args = {
      onSingleValue: "beta",
      onNonFinite: "throw",
      useBatchStatistics: true,
      trackRunningStatistics: false,
      start: "debiased",
      varianceEstimator: "unbiased",
    } as const;
    expect(batchNormalization(args).getConfig()).toMatchObject(args);
  });

  test("every argument of the stock layer is taken, and no argument at all", () => {
    const args = {
      axis: -1,
      momentum: 0.9,
      epsilon: 1e-3,
      center: true,
      scale: true,
      betaInitializer: "zeros",
      gammaInitializer: "ones",
      movingMeanInitializer: "zeros",
      movingVarianceInitializer: "ones",
      betaConstraint: "nonNeg",
      gammaConstraint: "unitNorm",
      betaRegularizer: "l1l2",
      gammaRegularizer: "l1l2",
      dtype: "float32",
      trainable: true,
      batchSize: 4,
    } as const;
    const weights = [tf.ones([2]), tf.zeros([2]), tf.zeros([2]), tf.ones([2])];
    for (const more of [{ inputShape: [2] }, { batchInputShape: [4, 2] }, { weights }]) {
      const layer = batchNormalization({ ...args, name: `with${Object.keys(more)}`, ...more });
      expect((layer.apply(tf.ones([4, 2])) as tf.Tensor).shape).toEqual([4, 2]);
    }
    expect(batchNormalization(null).getConfig()).toMatchObject({ momentum: 0.99, epsilon: 1e-3 });
    const off = { renorm: null, synchronized: false, virtualBatchSize: null };
    expect(() => batchNormalization(off)).not.toThrow();
  });

  describe("saving", () => {
    test.each<BatchNormLayerArguments>([
      {},
      { axis: 1, momentum: 0.5, epsilon: 0.01, scale: false },
      { start: "debiased", momentum: 0.9 },
      { start: "first-batch", varianceEstimator: "unbiased" },
      { momentum: "cumulative" },
      { gammaRegularizer: "l1l2", betaInitializer: "ones", onNonFinite: "propagate" },
      { trackRunningStatistics: false },
    ])("a model with %j predicts the same when loaded, and trains on alike", async (args) => {
      const model = network(batchNormalization(args));
      await fit(model);
      const loaded = await reload(model);
      const x = tensorOf("test", [5, 3]);
      expectClose(loaded.predict(x) as tf.Tensor, model.predict(x) as tf.Tensor, 0);
      const config = (from: tfl.LayersModel) => from.layers[1]!.getConfig();
      expect(config(loaded)).toEqual(config(model));
      await fit(model);
      await fit(loaded);
      expectClose(loaded.predict(x) as tf.Tensor, model.predict(x) as tf.Tensor, 1e-6);
    });
  });

  describe("wrong arguments are refused:", () => {
    test("unknown, out of range, or of Keras but not done yet", () => {
      const refused = (code: string, args: object) =>
        expectRefusal(code as never, () => batchNormalization(args));
      refused("ERR_BATCHNORM_OPTION", { momentun: 0.9 });
      refused("ERR_BATCHNORM_OPTION", { momentum: -1 });
      refused("ERR_BATCHNORM_OPTION", { epsilon: Number.NaN });
      refused("ERR_BATCHNORM_OPTION", { epsilon: 1e-50 });
      refused("ERR_BATCHNORM_AXIS", { axis: [1, 2] });
      refused("ERR_BATCHNORM_OPTION", { renorm: { rmax: 3, rmix: 1 } });
      refused("ERR_BATCHNORM_OPTION", { renormClipping: { rmax: 3 } });
      refused("ERR_BATCHNORM_OPTION", { training: 1 });
      refused("ERR_BATCHNORM_DTYPE", { dtype: "mixed_float16" });
      refused("ERR_BATCHNORM_UNSUPPORTED", { synchronized: true });
      expect(() => batchNormalization({ renorm: false, axis: [1] } as object)).not.toThrow();
    });

    test("an input that has no such axis, no batch, or an unknown number of channels", () => {
      const build = (args: BatchNormLayerArguments) => () =>
        tfl.sequential({ layers: [batchNormalization(args)] });
      expectRefusal("ERR_BATCHNORM_AXIS", build({ axis: 2, inputShape: [3] }));
      expectRefusal("ERR_BATCHNORM_SHAPE", build({ inputShape: [] }));
      expectRefusal("ERR_BATCHNORM_SHAPE", build({ batchInputShape: [4] }));
      expectRefusal("ERR_BATCHNORM_SHAPE", build({ inputShape: [null, 3], axis: 1 }));
    });

    test("a use before the layer is built, and another number of channels after", () => {
      const layer = batchNormalization({ name: "third", axis: 1 });
      expectRefusal("ERR_BATCHNORM_NOT_BUILT", () => layer.call(tf.ones([2, 2])));
      layer.apply(tf.ones([2, 2, 5]));
      const { message } = expectRefusal("ERR_BATCHNORM_SHAPE", () =>
        layer.call(tf.ones([2, 3, 5])),
      );
      expect(message).toMatch(/^third: x must have 2 channels on axis 1/);
    });

    test("one value per channel in training, after which the layer goes on", () => {
      const model = tfl.sequential({ layers: [batchNormalization({ inputShape: [2] })] });
      expectRefusal("ERR_BATCHNORM_TOO_FEW_VALUES", () =>
        model.apply(tf.ones([1, 2]), { training: true }),
      );
      expect(() => model.predict(tf.ones([1, 2]))).not.toThrow();
    });
  });

  test("nothing leaks in training, prediction and disposal", async () => {
    const start = tf.memory().numTensors;
    const model = network(batchNormalization({ start: "debiased", momentum: 0.9 }));
    const other = network(batchNormalization());
    const x = tensorOf("x", [6, 3]);
    const steps = async (): Promise<void> => {
      for (const trained of [model, other]) {
        await fit(trained, 1);
        tf.dispose(trained.predict(x));
      }
    };
    await steps();
    const before = tf.memory().numTensors;
    for (let i = 0; i < 5; i++) await steps();
    expect(tf.memory().numTensors).toBe(before);
    for (const done of [model, other]) done.dispose();
    x.dispose();
    expect(tf.memory().numTensors).toBe(start);
  });
});
