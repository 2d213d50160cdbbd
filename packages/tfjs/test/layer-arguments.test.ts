import { expectRefusal } from "@batchnorm/conformance/vitest";
import {
  BatchNorm,
  type BatchNormErrorCode,
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

const train = { training: true };
const x = (seed = "x", rows = 8): tf.Tensor2D =>
  tf.tensor2d(normals(seed, 3 * rows, 2, 3), [rows, 3]);
const modelOf = (args: BatchNormLayerArguments): tfl.Sequential =>
  tfl.sequential({ layers: [batchNormalization({ inputShape: [3], ...args })] });

onEachBackend(() => {
  beforeAll(registerBatchNorm);

  test.each<BatchNormLayerArguments>([
    { renorm: { rmax: 1.5, dmax: 0.5 }, momentum: 0.8 },
    { renorm: true, renormClipping: { rmin: 0.5 }, renormMomentum: 0.9 },
    { virtualBatchSize: 3, start: "debiased" },
    { virtualBatchSize: 4, renorm: {}, scale: false },
  ])("with %j it trains as the module does, and goes on when saved and loaded", async (args) => {
    const model = modelOf(args);
    const [layer] = model.layers as [ReturnType<typeof batchNormalization>];
    const module = new BatchNorm(3, layer.options);
    for (const seed of ["a", "b"]) {
      const y = model.apply(x(seed), train) as tf.Tensor;
      expectClose(y, module.apply(x(seed), train), 0);
    }
    expect(await layer.toState()).toEqual({ ...(await module.toState()), name: layer.name });
    const loaded = await load(await artifactsOf(model));
    expect(loaded.layers[0]!.getConfig()).toEqual(layer.getConfig());
    expectClose(loaded.predict(x()) as tf.Tensor, module.apply(x()), 0);
    const y = loaded.apply(x("c"), train) as tf.Tensor;
    expectClose(y, module.apply(x("c"), train), 0);
  });

  test("with virtual batches and renorm a model learns", async () => {
    const layer = batchNormalization({ virtualBatchSize: 4, renorm: { rmax: 3, dmax: 5 } });
    const model = tfl.sequential({
      layers: [
        tfl.layers.dense({ units: 4, inputShape: [3] }),
        layer,
        tfl.layers.dense({ units: 1 }),
      ],
    });
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    const y = tf.sum(x(), 1, true);
    const { history } = await model.fit(x(), y, { epochs: 20, batchSize: 8, verbose: 0 });
    expect(history.loss!.at(-1)).toBeLessThan(0.8 * (history.loss![0] as number));
  });

  test.each([
    { from: { start: "debiased" }, to: {} },
    { from: {}, to: { start: "first-batch" } },
    { from: { momentum: "cumulative" }, to: {} },
  ] as { from: BatchNormLayerArguments; to: BatchNormLayerArguments }[])(
    "a state of $from in a layer of $to is saved whole, and back again",
    async ({ from, to }) => {
      const source = modelOf(from);
      source.apply(x("a"), train);
      const state = await (source.layers[0] as ReturnType<typeof batchNormalization>).toState();
      const model = modelOf(to);
      const [layer] = model.layers as [ReturnType<typeof batchNormalization>];
      const [fresh, weights] = [await layer.toState(), layer.getWeights().length];
      layer.loadState(state);
      const loaded = await load(await artifactsOf(model));
      const [again] = loaded.layers as [ReturnType<typeof batchNormalization>];
      // A plain average is saved without its count, as the stock layer's.
      const counts = from.start || from.momentum ? {} : { updates: 0, weight: 0 };
      expect(await again.toState()).toMatchObject({
        ...state,
        ...counts,
        name: layer.name,
        valuesPerChannel: null,
      });
      loaded.apply(x("b"), train);
      source.apply(x("b"), train);
      expectClose(loaded.predict(x()) as tf.Tensor, source.predict(x()) as tf.Tensor, 0);
      layer.loadState(fresh);
      expect(layer.getWeights().length).toBe(weights);
      expect((await load(await artifactsOf(model))).layers[0]!.getWeights().length).toBe(weights);
    },
  );

  describe("training fixed by the argument", () => {
    test("holds in a model, where what apply was told is lost, and in its file", async () => {
      const model = modelOf({ training: true, momentum: 0.5 });
      const expected = new BatchNorm(3).apply(x(), train);
      expectClose(model.predict(x()) as tf.Tensor, expected, 1e-6);
      const loaded = await load(await artifactsOf(model));
      expectClose(loaded.predict(x()) as tf.Tensor, expected, 1e-6);
    });

    test("false keeps inference mode under fit", () => {
      const model = modelOf({ training: false });
      expectClose(model.apply(x(), train) as tf.Tensor, model.predict(x()) as tf.Tensor, 0);
    });

    test("does not wake a frozen layer", () => {
      const model = modelOf({ training: true, trainable: false });
      expectClose(model.predict(x()) as tf.Tensor, new BatchNorm(3).apply(x()), 1e-6);
    });
  });

  describe("a mask from a masking layer", () => {
    const embedded = (args: BatchNormLayerArguments): tfl.Sequential => {
      const values = tf.tensor2d(normals("embedding", 10, 1, 2), [5, 2]);
      return tfl.sequential({
        layers: [
          tfl.layers.embedding({
            inputDim: 5,
            outputDim: 2,
            maskZero: true,
            inputLength: 4,
            weights: [values],
          }),
          batchNormalization({ momentum: 0, ...args }),
        ],
      });
    };
    const words = (): tf.Tensor =>
      tf.tensor2d(
        [
          [1, 2, 0, 0],
          [3, 4, 1, 0],
        ],
        [2, 4],
        "int32",
      );
    const meansOf = (model: tfl.Sequential): tf.Tensor => model.layers[1]!.getWeights()[2]!;

    // tfjs-layers writes the mask into the object that it is given, so each call has its own.
    test("counts with supportsMasking, and its padding does not", async () => {
      const model = embedded({ supportsMasking: true });
      model.apply(words(), { training: true });
      const table = tf.tensor2d(normals("embedding", 10, 1, 2), [5, 2]);
      const real = tf.gather(table, tf.tensor1d([1, 2, 3, 4, 1], "int32"));
      expectClose(meansOf(model), tf.mean(real, 0), 1e-6);
      const loaded = await load(await artifactsOf(model));
      expect(loaded.layers[1]!.getConfig()).toMatchObject({ supportsMasking: true });
    });

    test("is passed by without, as in the stock layer", () => {
      const model = embedded({});
      model.apply(words(), { training: true });
      const table = tf.tensor2d(normals("embedding", 10, 1, 2), [5, 2]);
      const all = tf.gather(table, tf.tensor1d([1, 2, 0, 0, 3, 4, 1, 0], "int32"));
      expectClose(meansOf(model), tf.mean(all, 0), 1e-6);
    });

    test("of another tensor, which tfjs-layers hands on, is refused by its shape", () => {
      const model = embedded({});
      model.add(tfl.layers.flatten());
      model.add(batchNormalization({ supportsMasking: true, name: "last" }));
      const { message } = expectRefusal("ERR_BATCHNORM_MASK", () =>
        model.apply(words(), { training: true }),
      );
      expect(message).toBe("last: mask must have the shape [2] or [2,1], got [2, 4]");
    });
  });

  describe("what is wrong is refused by code, and the layer goes on:", () => {
    const built = (args: BatchNormLayerArguments = {}) => {
      const layer = batchNormalization({ name: "bn", ...args });
      layer.apply(x());
      return layer;
    };
    const nan = (): tf.Tensor => tf.fill([4, 3], Number.NaN);
    type Layer = ReturnType<typeof built>;
    test.each<[string, BatchNormErrorCode, (layer: Layer) => unknown]>([
      ["rank 1", "ERR_BATCHNORM_SHAPE", (layer) => layer.apply(tf.ones([3]), train)],
      ["another rank", "ERR_BATCHNORM_SHAPE", (layer) => layer.apply(tf.ones([2, 2, 3]), train)],
      ["other channels", "ERR_BATCHNORM_SHAPE", (layer) => layer.apply(tf.ones([2, 4]), train)],
      ["rank 1 to call", "ERR_BATCHNORM_SHAPE", (layer) => layer.call(tf.ones([3]), train)],
      ["m = 1", "ERR_BATCHNORM_TOO_FEW_VALUES", (layer) => layer.apply(tf.ones([1, 3]), train)],
      ["a NaN batch", "ERR_BATCHNORM_NON_FINITE", (layer) => layer.apply(nan(), train)],
      ["strings", "ERR_BATCHNORM_DTYPE", (layer) => layer.call(tf.tensor2d([["a", "b", "c"]]))],
      [
        "a disposed x",
        "ERR_BATCHNORM_DISPOSED",
        (layer) => {
          const gone = x();
          gone.dispose();
          layer.apply(gone, train);
        },
      ],
      [
        "a gamma of another length",
        "ERR_BATCHNORM_SHAPE",
        (layer) => layer.setWeights([tf.ones([4]), tf.zeros([3]), tf.zeros([3]), tf.ones([3])]),
      ],
      ["too few weights", "ERR_BATCHNORM_SHAPE", (layer) => layer.setWeights([tf.ones([3])])],
    ])("%s", async (_, code, call) => {
      const layer = built({ onNonFinite: "throw" });
      layer.apply(x("first"), train);
      const before = await layer.toState();
      // Of a rank and of channels the message is tfjs-layers' own.
      const message = expect.stringMatching(/got |found/);
      expect(() => call(layer)).toThrow(expect.objectContaining({ code, message }));
      expect(await layer.toState()).toEqual(before);
      const other = built({ onNonFinite: "throw" });
      other.loadState(before);
      expectClose(layer.apply(x(), train) as tf.Tensor, other.apply(x(), train) as tf.Tensor, 0);
    });

    test("an axis that the input lacks, when it is built", () => {
      for (const axis of [2, -3]) {
        const layer = batchNormalization({ axis });
        expectRefusal("ERR_BATCHNORM_AXIS", () => layer.apply(x()));
      }
    });

    test("every use after dispose", async () => {
      const layer = built();
      layer.dispose();
      expectRefusal("ERR_BATCHNORM_DISPOSED", () => layer.apply(x()));
      expectRefusal("ERR_BATCHNORM_DISPOSED", () => layer.call(x()));
      expectRefusal("ERR_BATCHNORM_DISPOSED", () => layer.setWeights([]));
      expectRefusal("ERR_BATCHNORM_DISPOSED", () => layer.loadState({}));
      await expect(layer.toState()).rejects.toMatchObject({ code: "ERR_BATCHNORM_DISPOSED" });
      await expect(layer.skippedBatches()).rejects.toMatchObject({
        code: "ERR_BATCHNORM_DISPOSED",
      });
    });
  });

  test("a layer that was never used, or only built, can be disposed of", () => {
    const before = tf.memory().numTensors;
    expect(batchNormalization().dispose()).toEqual({
      refCountAfterDispose: 0,
      numDisposedVariables: 0,
    });
    const layer = batchNormalization({ renorm: {}, momentum: "cumulative" });
    layer.build([null, 3]);
    expect(layer.dispose().numDisposedVariables).toBe(8);
    expect(tf.memory().numTensors).toBe(before);
  });

  test("a configuration says no more than Keras's where all is as usual", () => {
    const args = { name: "same", momentum: 0.9 };
    const stock = tfl.layers.batchNormalization(args);
    expect(batchNormalization(args).getConfig()).toEqual(stock.getConfig());
  });
});
