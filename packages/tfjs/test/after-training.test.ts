import { expectRefusal } from "@batchnorm/conformance/vitest";
import {
  type BatchNormLayer,
  batchNormalization,
  batchNormStates,
  freezeBatchNorm,
  inspectBatchNorm,
  loadBatchNormStates,
  unfreezeBatchNorm,
} from "@batchnorm/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { describe, expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { expectClose, expectRejection } from "./close.ts";
import { type Norm, norms, on, outputsOf, scrambled, tensorOf, through } from "./models.ts";

const { layers } = tfl;

/** Two layers of Batch Normalization, the second one in a nested model. */
function network(bn: Norm = norms.ours): tfl.LayersModel {
  const dense = (units: number, inputs: number) =>
    layers.dense({
      units,
      inputShape: [inputs],
      kernelInitializer: tfl.initializers.glorotUniform({ seed: units }),
    });
  const inner = tfl.sequential({
    layers: [dense(3, 4), bn({ name: "second", momentum: 0.9 })],
  });
  return tfl.sequential({
    layers: [dense(4, 2), bn({ name: "first", momentum: 0.9 }), inner],
  });
}

const normsOf = (model: tfl.LayersModel): BatchNormLayer[] => {
  const inner = model.layers[2] as tfl.LayersModel;
  return [model.layers[1], inner.layers[1]] as BatchNormLayer[];
};

async function train(model: tfl.LayersModel, steps = 3): Promise<void> {
  const [x, y] = [tensorOf("x", [12, 2]), tensorOf("y", [12, 3])];
  const optimizer = tf.train.sgd(0.1);
  model.compile({ optimizer, loss: "meanSquaredError" });
  for (let step = 0; step < steps; step++) await model.trainOnBatch(x, y);
  tf.dispose([x, y]);
  optimizer.dispose();
}

onEachBackend(() => {
  describe("states", () => {
    test("come in the order of the layers, as JSON, and load into another model", async () => {
      const [from, to] = [scrambled(network()), scrambled(network(), "other")];
      await train(from);
      const states = await batchNormStates(from);
      expect(states.map(({ name, updates }) => [name, updates])).toEqual([
        ["first", 3],
        ["second", 3],
      ]);
      loadBatchNormStates(to, JSON.parse(JSON.stringify(states)));
      expect(await batchNormStates(to)).toEqual(states);
    });

    test("go from tfjs-layers's own layer to ours and back", async () => {
      const [stock, ours] = [scrambled(network(norms.stock)), network()];
      ours.setWeights(stock.getWeights());
      const x = tensorOf("x", [5, 2]);
      const [expected] = outputsOf(stock, x) as [Float32Array];
      const states = await batchNormStates(stock);
      loadBatchNormStates(
        ours,
        states.map((state) => ({ ...state, epsilon: 0.5 })),
      );
      loadBatchNormStates(stock, await batchNormStates(ours));
      // Both now have the other epsilon.
      const [a, b] = [outputsOf(stock, x)[0]!, outputsOf(ours, x)[0]!];
      expectClose(a, b, 1e-6);
      expect(Math.abs(a[0]! - expected[0]!)).toBeGreaterThan(1e-4);
      expect(await batchNormStates(stock)).toMatchObject([{ epsilon: 0.5 }, { epsilon: 0.5 }]);
    });

    test("that do not fit are refused by name, and none is loaded", async () => {
      const model = scrambled(network());
      const states = await batchNormStates(model);
      const changed = (i: number, change: object) =>
        states.map((state, j) => ({
          ...state,
          beta: state.beta!.map(() => 7),
          ...(i === j ? change : {}),
        }));
      const refuse = (given: unknown) =>
        expectRefusal("ERR_BATCHNORM_STATE", () => loadBatchNormStates(model, given as never));
      expect(refuse(changed(1, { runningVariance: [1, 1, -1] })).message).toContain("second");
      expect(refuse(changed(1, { gamma: null })).message).toContain("second");
      expect(refuse(changed(1, { beta: [1e39, 0, 0] })).message).toContain("second");
      refuse(states.slice(1));
      refuse(null);
      expect(await batchNormStates(model)).toEqual(states);
      const stock = scrambled(network(norms.stock));
      const before = await batchNormStates(stock);
      const cumulative = before.map((state) => ({ ...state, momentum: "cumulative" as const }));
      expectRefusal("ERR_BATCHNORM_STATE", () => loadBatchNormStates(stock, cumulative));
      expect(await batchNormStates(stock)).toEqual(before);
    });
  });

  describe("freezing", () => {
    test("keeps Batch Normalization as it is while the rest trains, compiled before or after", async () => {
      const model = scrambled(network());
      await train(model);
      const states = await batchNormStates(model);
      const kernel = () => Array.from(model.layers[0]!.getWeights()[0]!.dataSync());
      const before = kernel();
      freezeBatchNorm(model);
      await train(model);
      expect(await batchNormStates(model)).toEqual(states);
      expect(kernel()).not.toEqual(before);
      unfreezeBatchNorm(model);
      await train(model);
      expect((await batchNormStates(model)).map(({ updates }) => updates)).toEqual([6, 6]);
    });

    test("of tfjs-layers's own layer is refused, and nothing is frozen", () => {
      const mixed = tfl.sequential({
        layers: [
          batchNormalization({ inputShape: [2] }),
          layers.batchNormalization({ name: "own" }),
        ],
      });
      const { message } = expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => freezeBatchNorm(mixed));
      expect(message).toContain("own");
      expect(mixed.layers[0]!.trainable).toBe(true);
    });
  });

  describe("inspection", () => {
    /** It has seen the same data again and again. */
    async function healthy(
      bn: Norm = norms.ours,
    ): Promise<{ model: tfl.LayersModel; x: tf.Tensor }> {
      const model = network(bn);
      const x = tensorOf("x", [200, 2]);
      for (let step = 0; step < 100; step++) tf.tidy(() => void model.apply(x, { training: true }));
      return { model, x };
    }

    test("finds nothing in a healthy model, and leaves it as it was", async () => {
      for (const bn of [norms.ours, norms.stock]) {
        const { model, x } = await healthy(bn);
        const states = await batchNormStates(model);
        const before = tf.memory().numTensors;
        expect(await inspectBatchNorm(model, x)).toEqual([]);
        expect(await inspectBatchNorm(model)).toEqual([]);
        expect(tf.memory().numTensors).toBe(before);
        expect(await batchNormStates(model)).toEqual(states);
        expect(Object.hasOwn(normsOf(model)[0]!, "call")).toBe(false);
      }
    });

    test("finds what is wrong, with place, layer, channels and advice", async () => {
      const { model, x } = await healthy();
      const states = await batchNormStates(model);
      const [, second] = states;
      loadBatchNormStates(model, [states[0], { ...second, gamma: [1, 0, 1] }]);
      const [finding, ...others] = await inspectBatchNorm(model, x);
      expect(others).toEqual([]);
      expect(finding).toMatchObject({
        place: 2,
        layer: "second",
        channels: [1],
        problem: "dead-gamma",
        value: 0,
      });
      expect(finding!.advice).not.toBe("");
    });

    test("finds statistics that are not warmed up, few values and a train/inference discrepancy", async () => {
      const model = network();
      const problems = async (x: tf.Tensor | null) =>
        (await inspectBatchNorm(model, x)).map(({ place, problem }) => `${place} ${problem}`);
      expect(await problems(null)).toEqual(["1 few-updates", "2 few-updates"]);
      expect(await problems(tensorOf("x", [4, 2]))).toContain("1 few-values");
      const trained = await healthy();
      const shifted = tf.add(tf.mul(trained.x, 10), 20);
      const found = (await inspectBatchNorm(trained.model, shifted)).map(({ problem }) => problem);
      expect(found).toContain("mean-shift");
      expect(found).toContain("variance-ratio");
    });

    test("finds constant channels, in any axis, in a shared layer and a wrapped one", async () => {
      const x = tfl.input({ shape: [3, 4] });
      const shared = batchNormalization({ axis: 1, name: "shared" });
      const wrapped = layers.timeDistributed({
        layer: batchNormalization({ name: "wrapped" }) as never,
        name: "wrapper",
      });
      const y = through(on(on(x, shared), shared), wrapped);
      const model = tfl.model({ inputs: x, outputs: y });
      const data = tf.tidy(() => tf.mul(tensorOf("x", [50, 3, 4]), tf.tensor([1, 0, 1], [3, 1])));
      const found = await inspectBatchNorm(model, data);
      expect(found.filter(({ problem }) => problem === "zero-batch-variance")).toMatchObject([
        { place: 1, layer: "shared", channels: [1] },
      ]);
      expect(found.map(({ layer }) => layer)).toContain("wrapped");
    });

    test("leaves a layer alone that trains whatever it is asked for", async () => {
      const { model, x } = await healthy();
      const [first] = normsOf(model) as [BatchNormLayer];
      const [call, config] = [first.call.bind(first), first.getConfig()];
      const always: typeof first.call = (inputs) => call(inputs, { training: true });
      first.call = always;
      first.getConfig = () => ({ ...config, training: true });
      const states = await batchNormStates(model);
      await inspectBatchNorm(model, x);
      expect(await batchNormStates(model)).toEqual(states);
      expect(first.call).toBe(always);
      model.apply(x);
      expect((await first.toState()).updates).toBe(states[0]!.updates + 1);
    });

    test("draws other lines where it is told to, and refuses what it cannot use", async () => {
      const { model, x } = await healthy();
      expect(
        (await inspectBatchNorm(model, x, { deadGamma: 1 })).map(({ place }) => place),
      ).toEqual([1, 2]);
      await expectRejection("ERR_BATCHNORM_OPTION", () =>
        inspectBatchNorm(model, x, { dead: 1 } as never),
      );
      await expectRejection("ERR_BATCHNORM_UNSUPPORTED", () => inspectBatchNorm({} as never));
      const before = tf.memory().numTensors;
      await expect(inspectBatchNorm(model, tf.zeros([2, 7]))).rejects.toThrow();
      expect(tf.memory().numTensors).toBe(before + 1);
      expect(Object.hasOwn(normsOf(model)[0]!, "call")).toBe(false);
    });
  });
});
