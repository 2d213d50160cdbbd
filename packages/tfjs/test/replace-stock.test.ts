import { expectRefusal } from "@batchnorm/conformance/vitest";
import { BatchNormLayer, batchNormalization, replaceStock } from "@batchnorm/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { onEachBackend } from "./backends.ts";
import { expectClose } from "./close.ts";
import { normals } from "./random.ts";
import { artifactsOf, kerasModel, load } from "./saved.ts";

const stock = tfl.layers.batchNormalization;
const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const tensorOf = (seed: string, shape: number[]): tf.Tensor =>
  tf.tensor(normals(seed, product(shape), 1, 2), shape);

/** Every Batch Normalization in a model, models within it too. */
const normsOf = (model: tfl.LayersModel): tfl.layers.Layer[] =>
  model.layers.flatMap((layer) =>
    "layers" in layer
      ? normsOf(layer as tfl.LayersModel)
      : /BatchNorm/.test(layer.getClassName())
        ? [layer]
        : [],
  );

/** Weights that no initializer makes; variances stay positive. */
function scramble(model: tfl.LayersModel): void {
  const weights = model.getWeights().map((weight, i) => {
    return tf.tidy(() => tf.add(tf.abs(tensorOf(`weight${i}`, weight.shape)), 0.1));
  });
  model.setWeights(weights);
  tf.dispose(weights);
}

type Normalization = (args: { name: string }) => tfl.layers.Layer;

/** A model with Batch Normalization, its input's shape, and whether stock and wasm can train it. */
interface Architecture {
  readonly name: string;
  readonly input: number[];
  readonly stockTrains: boolean;
  readonly wasmTrains: boolean;
  make(bn: Normalization): tfl.LayersModel;
}

const { dense, conv2d, flatten, activation, add } = tfl.layers;

const architectures: readonly Architecture[] = [
  {
    name: "dense",
    input: [5],
    stockTrains: true,
    wasmTrains: true,
    make: (bn) =>
      tfl.sequential({
        layers: [dense({ units: 4, inputShape: [5] }), bn({ name: "one" }), dense({ units: 2 })],
      }),
  },
  {
    name: "conv2d",
    input: [4, 4, 2],
    stockTrains: true,
    wasmTrains: false,
    make: (bn) =>
      tfl.sequential({
        layers: [
          conv2d({ filters: 3, kernelSize: 3, inputShape: [4, 4, 2], padding: "same" }),
          bn({ name: "one" }),
          activation({ activation: "relu" }),
          flatten(),
          dense({ units: 2 }),
        ],
      }),
  },
  {
    name: "axis 1 of a matrix",
    input: [3],
    stockTrains: true,
    wasmTrains: true,
    make: () =>
      tfl.sequential({
        layers: [stock({ axis: 1, inputShape: [3], momentum: 0.5 }), dense({ units: 2 })],
      }),
  },
  {
    name: "scale off",
    input: [3],
    stockTrains: false,
    wasmTrains: true,
    make: () =>
      tfl.sequential({ layers: [stock({ scale: false, inputShape: [3] }), dense({ units: 2 })] }),
  },
  {
    name: "center off, with a regularizer and a constraint",
    input: [3],
    stockTrains: false,
    wasmTrains: true,
    make: () =>
      tfl.sequential({
        layers: [
          stock({
            center: false,
            inputShape: [3],
            gammaRegularizer: "l1l2",
            gammaConstraint: "nonNeg",
          }),
          dense({ units: 2 }),
        ],
      }),
  },
  {
    name: "a functional graph with a sum",
    input: [4],
    stockTrains: true,
    wasmTrains: true,
    make(bn) {
      const input = tfl.input({ shape: [4] });
      const branch = bn({ name: "one" }).apply(dense({ units: 4 }).apply(input));
      const sum = add().apply([input, branch as tfl.SymbolicTensor]);
      const output = bn({ name: "two" }).apply(sum) as tfl.SymbolicTensor;
      return tfl.model({ inputs: input, outputs: dense({ units: 2 }).apply(output) as never });
    },
  },
  {
    name: "a model in a model",
    input: [4],
    stockTrains: true,
    wasmTrains: true,
    make(bn) {
      const inner = tfl.sequential({
        name: "inner",
        layers: [dense({ units: 4, inputShape: [4] }), bn({ name: "one" })],
      });
      return tfl.sequential({ layers: [inner, bn({ name: "two" }), dense({ units: 2 })] });
    },
  },
];

async function fit(model: tfl.LayersModel, input: number[]): Promise<number> {
  const [x, y] = [tensorOf("x", [8, ...input]), tensorOf("y", [8, 2])];
  const optimizer = tf.train.sgd(0.01);
  model.compile({ optimizer, loss: "meanSquaredError" });
  const { history } = await model.fit(x, y, {
    epochs: 2,
    batchSize: 4,
    shuffle: false,
    verbose: 0,
  });
  tf.dispose([x, y]);
  optimizer.dispose();
  return history.loss!.at(-1) as number;
}

const predict = (model: tfl.LayersModel, input: number[]): tf.Tensor =>
  tf.tidy(() => model.predict(tensorOf("test", [3, ...input])) as tf.Tensor);

let restore = (): void => {};
afterEach(() => restore());

onEachBackend((backend) => {
  describe.each(architectures)("a file that stock 4.22 wrote: $name,", (architecture) => {
    const { input, make, stockTrains } = architecture;
    const trains = backend !== "wasm" || architecture.wasmTrains;

    test("loads as ours and predicts the same", async () => {
      const written = make(stock);
      scramble(written);
      const file = await artifactsOf(written);
      restore = replaceStock();
      const loaded = await load(file);
      expect(normsOf(loaded).length).toBe(normsOf(written).length);
      for (const norm of normsOf(loaded)) expect(norm).toBeInstanceOf(BatchNormLayer);
      // Twice float32's rounding of outputs up to 50, of two orders of the same operations.
      expectClose(predict(loaded, input), predict(written, input), 2e-6);
    });

    test("retrains, as stock does where it can", async () => {
      const written = make(stock);
      scramble(written);
      const file = await artifactsOf(written);
      restore = replaceStock();
      const loaded = await load(file);
      if (!trains) {
        await expect(fit(loaded, input)).rejects.toThrow(/Conv2DBackpropFilter/);
        return;
      }
      const loss = await fit(loaded, input);
      expect(loss).toBeGreaterThan(0);
      if (!stockTrains) return;
      expect(Math.abs(loss - (await fit(written, input)))).toBeLessThan(1e-5 * loss);
      for (const [i, weight] of loaded.getWeights().entries()) {
        expectClose(weight, written.getWeights()[i]!, 1e-4);
      }
    });

    test("goes back to stock with equal outputs, in the same words", async () => {
      const written = make(stock);
      scramble(written);
      const file = await artifactsOf(written);
      restore = replaceStock();
      const loaded = await load(file);
      const ours = await artifactsOf(loaded);
      expect(ours.modelTopology).toEqual(file.modelTopology);
      expect(ours.weightSpecs).toEqual(file.weightSpecs);
      restore();
      const back = await load(ours);
      for (const norm of normsOf(back)) expect(norm).not.toBeInstanceOf(BatchNormLayer);
      expectClose(predict(back, input), predict(written, input), 0);
    });
  });

  test.each(architectures.filter(({ make }) => make.length > 0))(
    "a new model of ours loads into stock while stock is replaced: $name",
    async ({ input, make }) => {
      restore = replaceStock();
      const model = make(batchNormalization);
      scramble(model);
      const file = await artifactsOf(model);
      restore();
      const back = await load(file);
      for (const norm of normsOf(back)) expect(norm).not.toBeInstanceOf(BatchNormLayer);
      expectClose(predict(back, input), predict(model, input), 2e-6);
    },
  );
});

describe("replaceStock", () => {
  test("loads a file with channels first, which stock writes, and computes it right", async () => {
    const written = tfl.sequential({ layers: [stock({ axis: 1, inputShape: [3, 2, 2] })] });
    scramble(written);
    const file = await artifactsOf(written);
    restore = replaceStock();
    const loaded = await load(file);
    const x = tensorOf("x", [4, 3, 2, 2]);
    const [gamma, beta, mean, variance] = written
      .getWeights()
      .map((weight) => tf.reshape(weight, [3, 1, 1])) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    const r = tf.rsqrt(tf.add(variance, 1e-3));
    const expected = tf.add(tf.mul(tf.mul(tf.sub(x, mean), r), gamma), beta);
    expectClose(loaded.predict(x) as tf.Tensor, expected, 2e-6);
  });

  test("is not needed for a layer's own configuration and weights", () => {
    const written = stock({
      momentum: 0.5,
      epsilon: 0.01,
      inputShape: [3],
      gammaConstraint: "nonNeg",
    });
    written.build([null, 3]);
    const ours = BatchNormLayer.fromConfig(BatchNormLayer, written.getConfig()) as BatchNormLayer;
    ours.build([null, 3]);
    ours.setWeights(written.getWeights());
    expect(ours.getConfig()).toEqual(written.getConfig());
    const x = tensorOf("x", [4, 3]);
    expectClose(ours.apply(x) as tf.Tensor, written.apply(x) as tf.Tensor, 1e-6);
  });

  test("keeps our own name where the stock layer could not stand for ours", () => {
    restore = replaceStock();
    expect(batchNormalization().getClassName()).toBe("BatchNormalization");
    expect(batchNormalization({ axis: 1, scale: false }).getClassName()).toBe("BatchNormalization");
    for (const args of [
      { training: true },
      { supportsMasking: true },
      { renorm: {} },
      { momentum: "cumulative" },
      { start: "debiased" },
      { useBatchStatistics: true },
      { virtualBatchSize: 4 },
    ] as const) {
      expect(batchNormalization(args).getClassName()).toBe("BatchNorm");
    }
    restore();
    expect(batchNormalization().getClassName()).toBe("BatchNorm");
  });

  test("keeps the name of a class that is made of ours, which may compute something else", () => {
    class Doubling extends BatchNormLayer {
      static override readonly className: string = "Doubling";
      override call(...given: Parameters<BatchNormLayer["call"]>): tf.Tensor {
        return tf.mul(super.call(...given), 2);
      }
    }
    restore = replaceStock();
    expect(new Doubling().getClassName()).toBe("Doubling");
  });

  test.each(["BatchNormalization", "BatchNormalizationV1", "BatchNormalizationV2"])(
    "loads Keras's %s with its list of one axis, and saves it as BatchNormalization",
    async (name) => {
      restore = replaceStock();
      const model = await load(kerasModel(name, {}));
      const [layer] = normsOf(model) as [BatchNormLayer];
      expect(layer.options.axis).toBe(3);
      expect(layer.getClassName()).toBe("BatchNormalization");
      const { modelTopology } = await artifactsOf(model);
      expect(JSON.stringify(modelTopology)).not.toMatch(/BatchNormalizationV/);
    },
  );

  test("heeds what newer and older Keras write: renorm, synchronized, fused, a type policy", async () => {
    restore = replaceStock();
    const config = {
      renorm: true,
      renorm_clipping: { rmax: 3, dmax: 5 },
      renorm_momentum: 0.9,
      synchronized: false,
      fused: true,
      dtype: { module: "keras", class_name: "DTypePolicy", config: { name: "float32" } },
    };
    const model = await load(kerasModel("BatchNormalization", config));
    const [layer] = normsOf(model) as [BatchNormLayer];
    const renorm = { rmin: 0, rmax: 3, dmax: 5, momentum: 0.9 };
    expect(layer.options.renorm).toEqual(renorm);
    expect(layer.weights.map(({ originalName }) => originalName)).toEqual(
      [
        "gamma",
        "beta",
        "moving_mean",
        "moving_variance",
        "moving_stddev",
        "renorm_mean",
        "renorm_stddev",
      ].map((name) => `bn/${name}`),
    );
    const x = tensorOf("x", [4, 2, 2, 3]);
    model.apply(x, { training: true });
    const again = await load(await artifactsOf(model));
    expectClose(again.predict(x) as tf.Tensor, model.predict(x) as tf.Tensor, 0);
    const [loaded] = normsOf(again) as [BatchNormLayer];
    expect(loaded.options.renorm).toEqual(renorm);
    expect((await loaded.toState()).renorm).toEqual((await layer.toState()).renorm);
    const y = again.apply(x, { training: true }) as tf.Tensor;
    expectClose(y, model.apply(x, { training: true }) as tf.Tensor, 0);
  });

  test("refuses what it cannot do and what it does not know, by code", async () => {
    restore = replaceStock();
    const refused = (config: object, code: string): Promise<void> =>
      expect(load(kerasModel("BatchNormalization", config))).rejects.toMatchObject({ code });
    await refused({ synchronized: true }, "ERR_BATCHNORM_UNSUPPORTED");
    await refused({ momentun: 0.9 }, "ERR_BATCHNORM_OPTION");
    await refused({ axis: [1, 2] }, "ERR_BATCHNORM_AXIS");
    await refused({ renorm: true, renorm_clipping: { rmix: 1 } }, "ERR_BATCHNORM_OPTION");
    await refused({ dtype: "mixed_float16" }, "ERR_BATCHNORM_DTYPE");
    expectRefusal("ERR_BATCHNORM_OPTION", () =>
      BatchNormLayer.fromConfig(BatchNormLayer, { gama: 1 }),
    );
  });

  test("takes a batch of one as stock does, with one warning", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    restore = replaceStock();
    const model = await load(kerasModel("BatchNormalization", {}, [3]));
    const x = tf.ones([1, 3]);
    model.predict(x);
    model.layers.at(-1)!.trainable = false;
    model.apply(x, { training: true });
    model.layers.at(-1)!.trainable = true;
    expect(warn).not.toHaveBeenCalled();
    for (let i = 0; i < 3; i++) {
      expectClose(model.apply(x, { training: true }) as tf.Tensor, [0, 0, 0], 0);
    }
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toMatch(/^bn: a training batch holds 1 value per channel/);
    warn.mockRestore();
    const strict = await load(kerasModel("BatchNormalization", { on_single_value: "throw" }, [3]));
    expectRefusal("ERR_BATCHNORM_TOO_FEW_VALUES", () => strict.apply(x, { training: true }));
  });

  test("undoes itself: stock loads again, and the aliases are unknown", async () => {
    const before = await load(kerasModel("BatchNormalization", {}));
    expect(before.layers.at(-1)).not.toBeInstanceOf(BatchNormLayer);
    // Two who know nothing of each other, in whatever order.
    for (const order of [
      [1, 0],
      [0, 1],
    ]) {
      const undo = [replaceStock(), replaceStock()];
      const [sooner, later] = order.map((i) => undo[i]!) as [() => void, () => void];
      sooner();
      sooner();
      expect((await load(kerasModel("BatchNormalizationV1", {}))).layers.at(-1)).toBeInstanceOf(
        BatchNormLayer,
      );
      later();
      expect((await load(kerasModel("BatchNormalization", {}))).layers.at(-1)).not.toBeInstanceOf(
        BatchNormLayer,
      );
      await expect(load(kerasModel("BatchNormalizationV1", {}))).rejects.toThrow(/Unknown layer/);
    }
  });
});
