import { BatchNorm, type BatchNormLayer, batchNormalization } from "@batchnorm/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import * as tfd from "@tensorflow/tfjs-data";
import * as tfl from "@tensorflow/tfjs-layers";
import { expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { tensorOf } from "./models.ts";

const { layers } = tfl;

/** A constant target of the inputs: their sum. */
const samples = 48;
const inputs = (): tf.Tensor2D => tensorOf("x", [samples, 3], 5, 2) as tf.Tensor2D;
const targets = (x: tf.Tensor): tf.Tensor2D => tf.tidy(() => tf.sum(x, 1, true)) as tf.Tensor2D;

/** Dense, BN, dense, on samples of three; every option that keeps something of its own. */
function network(args: object = {}): tfl.Sequential {
  const seeded = (seed: number) => tfl.initializers.glorotUniform({ seed });
  return tfl.sequential({
    layers: [
      layers.dense({ units: 4, inputShape: [3], kernelInitializer: seeded(1) }),
      batchNormalization({ momentum: 0.9, ...args }),
      layers.reLU(),
      layers.dense({ units: 1, kernelInitializer: seeded(2) }),
    ],
  });
}

const normOf = (model: tfl.LayersModel): BatchNormLayer => model.layers[1] as BatchNormLayer;

/** Runs once to let everything lazy be made, and then counts what the second time leaves behind. */
async function expectNoLeak(work: () => Promise<void>): Promise<void> {
  await work();
  const before = tf.memory().numTensors;
  await work();
  expect(tf.memory().numTensors).toBe(before);
}

onEachBackend(() => {
  /** Steps of four batches an epoch; what the loss comes down to, in parts of the first. */
  async function expectFit(args: object, epochs: number, least: number): Promise<void> {
    const model = network(args);
    const [x, y] = [inputs(), targets(inputs())];
    const optimizer = tf.train.adam(0.01);
    model.compile({ optimizer, loss: "meanSquaredError" });
    const fit = async (epochs: number): Promise<number[]> => {
      const options = { epochs, batchSize: 12, verbose: 0, yieldEvery: "never" } as const;
      return (await model.fit(x, y, options)).history.loss as number[];
    };
    const [first] = await fit(1);
    const before = tf.memory().numTensors;
    const losses = await fit(epochs);
    expect(tf.memory().numTensors).toBe(before);
    expect(losses.at(-1)).toBeLessThan((first as number) * least);
    expect((await normOf(model).toState()).updates).toBe(4 + 4 * epochs);
    model.dispose();
    optimizer.dispose();
    tf.dispose([x, y]);
  }

  test("model.fit learns and leaks nothing over 1,000 steps", () => expectFit({}, 250, 0.1));

  test.each([{ start: "debiased" }, { momentum: "cumulative" }, { onNonFinite: "throw" }])(
    "model.fit learns and leaks nothing, %j",
    (args) => expectFit(args, 25, 0.9),
  );

  test("model.fitDataset takes tf.data, validates, and leaks nothing", async () => {
    const model = network();
    const x = inputs();
    const xs = x.arraySync();
    const rows = xs.map((row) => ({ xs: row, ys: [row.reduce((a, b) => a + b, 0)] }));
    const dataset = tfd.array(rows).shuffle(samples, "seed").batch(12);
    const optimizer = tf.train.sgd(0.01);
    model.compile({ optimizer, loss: "meanSquaredError" });
    const losses: number[] = [];
    await expectNoLeak(async () => {
      const { history } = await model.fitDataset(dataset, {
        epochs: 5,
        verbose: 0,
        validationData: dataset as never,
      });
      losses.push(...(history.val_loss as number[]));
    });
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    // Validation is inference: only the training batches have entered.
    expect((await normOf(model).toState()).updates).toBe(40);
  });

  test("fit with validation, evaluate and predict leave the statistics alone", async () => {
    const model = network();
    const [x, y] = [inputs(), targets(inputs())];
    model.compile({ optimizer: tf.train.sgd(0.01), loss: "meanSquaredError" });
    await model.fit(x, y, { batchSize: 12, epochs: 1, validationData: [x, y], verbose: 0 });
    const state = await normOf(model).toState();
    expect(state.updates).toBe(4);
    tf.dispose(model.evaluate(x, y));
    tf.dispose(model.predict(x, { batchSize: 5 }));
    expect(await normOf(model).toState()).toEqual(state);
  });

  test("fit shuffles, weighs classes and stops early with it", async () => {
    const model = network();
    const x = inputs();
    const y = tf.tidy(() => tf.cast(tf.greater(targets(x), 15), "float32"));
    model.compile({ optimizer: tf.train.adam(0.05), loss: "meanSquaredError", metrics: ["mse"] });
    const stop = tfl.callbacks.earlyStopping({ monitor: "loss", patience: 2, minDelta: 1e9 });
    const { epoch } = await model.fit(x, y, {
      batchSize: 12,
      epochs: 50,
      shuffle: true,
      verbose: 0,
      callbacks: stop,
    });
    expect(epoch.length).toBeLessThan(50);
  });

  test("a custom loop with variableGrads learns and leaks nothing over 1,000 steps", async () => {
    const model = network();
    const [x, y] = [inputs(), targets(inputs())];
    const optimizer = tf.train.sgd(0.01);
    const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const loss = (): tf.Scalar =>
      tf.mean(tf.square(tf.sub(model.apply(x, { training: true }) as tf.Tensor, y)));
    const step = (): number =>
      tf.tidy(() => {
        const { value, grads } = tf.variableGrads(loss, variables);
        optimizer.applyGradients(grads);
        return value.dataSync()[0] as number;
      });
    const first = step();
    const before = tf.memory().numTensors;
    let last = first;
    for (let i = 0; i < 1000; i++) last = step();
    expect(tf.memory().numTensors).toBe(before);
    expect(last).toBeLessThan(first / 10);
    expect((await normOf(model).toState()).updates).toBe(1001);
  });

  test("without tidy, what is disposed of by hand is all there is", () => {
    const model = network();
    const [x, y] = [inputs(), targets(inputs())];
    const optimizer = tf.train.sgd(0.01);
    const step = (): void => {
      const { value, grads } = tf.variableGrads(() =>
        tf.mean(tf.square(tf.sub(model.apply(x, { training: true }) as tf.Tensor, y))),
      );
      optimizer.applyGradients(grads);
      tf.dispose([value, ...Object.values(grads)]);
    };
    step();
    const before = tf.memory().numTensors;
    for (let i = 0; i < 20; i++) step();
    expect(tf.memory().numTensors).toBe(before);
  });

  test("the module for tfjs-core alone leaks nothing over 1,000 steps, under tidy or minimize", () => {
    const layer = new BatchNorm(3, { start: "debiased" });
    const weight = tf.variable(tf.tensor2d([[0.1], [0.2], [0.3]]));
    const [x, y] = [inputs(), targets(inputs())];
    const optimizer = tf.train.sgd(0.01);
    const variables = [weight, ...layer.trainableWeights];
    const step = (): void =>
      void optimizer.minimize(
        () => {
          const normal = layer.apply(x, { training: true });
          return tf.mean(tf.square(tf.sub(tf.matMul(normal, weight), y)));
        },
        false,
        variables,
      );
    step();
    const before = tf.memory().numTensors;
    for (let i = 0; i < 500; i++) {
      step();
      tf.tidy(step);
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  test("trainable weights follow what is frozen in the middle of training", async () => {
    const model = network();
    const [x, y] = [inputs(), targets(inputs())];
    model.compile({ optimizer: tf.train.sgd(0.01), loss: "meanSquaredError" });
    await model.fit(x, y, { epochs: 1, batchSize: 12, verbose: 0 });
    normOf(model).trainable = false;
    const state = await normOf(model).toState();
    await model.fit(x, y, { epochs: 1, batchSize: 12, verbose: 0 });
    expect(await normOf(model).toState()).toEqual(state);
    normOf(model).trainable = true;
    await model.fit(x, y, { epochs: 1, batchSize: 12, verbose: 0 });
    const after = await normOf(model).toState();
    expect(after.gamma).not.toEqual(state.gamma);
    expect(after.updates).toBe(8);
  });
});
