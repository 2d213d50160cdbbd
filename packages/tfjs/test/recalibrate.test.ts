import { computeMoments, layoutOf, populationStatistics } from "@batchnorm/core";
import { type Batches, batchNormalization, batchNormStates, recalibrate } from "@batchnorm/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import * as tfd from "@tensorflow/tfjs-data";
import * as tfl from "@tensorflow/tfjs-layers";
import { describe, expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { expectClose, expectRejection } from "./close.ts";
import { type Norm, norms, scrambled, tensorOf } from "./models.ts";

const { layers } = tfl;

/** Dense, BN, relu, dense, BN, on samples of three. */
function network(bn: Norm = norms.ours, args: object = {}): tfl.Sequential {
  return scrambled(
    tfl.sequential({
      layers: [
        layers.dense({ units: 4, inputShape: [3], name: "dense" }),
        bn({ name: "first", ...args }),
        layers.reLU(),
        layers.dense({ units: 2 }),
        bn({ name: "second", ...args }),
      ],
    }),
  );
}

const sizes = [8, 8, 5];
const batches = (): tf.Tensor[] => sizes.map((size, i) => tensorOf(`batch ${i}`, [size, 3], 2, 3));

/** What core makes of a layer's inputs, batch by batch. */
function population(
  model: tfl.Sequential,
  upTo: number,
  given: tf.Tensor[],
  rule: Parameters<typeof populationStatistics>[1] = "biased",
): { mean: Float64Array; variance: Float64Array } {
  const moments = given.map((batch) => {
    const x = model.layers
      .slice(0, upTo)
      .reduce((value, layer) => layer.apply(value) as tf.Tensor, batch);
    return computeMoments(Float64Array.from(x.dataSync()), layoutOf(x.shape));
  });
  return populationStatistics(moments, rule);
}

const snapshot = (model: tfl.LayersModel): number[][] =>
  model.getWeights().map((weight) => Array.from(weight.dataSync()));

onEachBackend(() => {
  test.each(["ours", "stock"] as const)(
    "%s: both layers get the statistics of the whole set, the second behind the new first",
    async (kind) => {
      const model = network(norms[kind]);
      const given = batches();
      expect(await recalibrate(model, given)).toBe(true);
      const states = await batchNormStates(model);
      for (const [i, upTo] of [1, 4].entries()) {
        const { mean, variance } = population(model, upTo, given);
        // The statistics are kept as float32; those in between were, too.
        expectClose(states[i]!.runningMean!, mean, 1e-6);
        expectClose(states[i]!.runningVariance!, variance, 1e-6);
      }
    },
  );

  test("counts the batches, and leaves gamma, beta and the other weights", async () => {
    const model = network();
    const before = await batchNormStates(model);
    const kernels = () =>
      [0, 3].map((i) => Array.from(model.layers[i]!.getWeights()[0]!.dataSync()));
    const old = kernels();
    await recalibrate(model, batches());
    for (const [i, state] of (await batchNormStates(model)).entries()) {
      const { gamma, beta } = before[i]!;
      expect(state).toMatchObject({ gamma, beta, updates: 3, weight: 1, valuesPerChannel: 21 });
    }
    expect(kernels()).toEqual(old);
  });

  test("algorithm-2 is the mean over batches", async () => {
    const model = network(norms.ours, { varianceEstimator: "unbiased" });
    await recalibrate(model, batches(), { rule: "algorithm-2" });
    const [first] = await batchNormStates(model);
    const { variance } = population(model, 1, batches(), "algorithm-2");
    expectClose(first!.runningVariance!, variance, 1e-6);
  });

  describe("any data set that can be walked again gives the same:", () => {
    const rows = (): number[][] => batches().flatMap((batch) => batch.arraySync() as number[][]);
    test.each<[string, () => Batches]>([
      ["an array of arrays", () => batches().map((batch) => [batch])],
      ["pairs, as fitDataset takes them", () => batches().map((xs) => ({ xs, ys: tf.zeros([1]) }))],
      ["inputs by name", () => batches().map((xs) => ({ dense_input: xs }))],
      ["pairs by name", () => batches().map((xs) => ({ xs: { dense_input: xs } }))],
      [
        "a generator function",
        () =>
          function* () {
            yield* batches();
          },
      ],
      [
        "an async generator function",
        () =>
          async function* () {
            yield* batches();
          },
      ],
      ["an iterable", () => ({ [Symbol.iterator]: () => batches().values() })],
      ["tf.data", () => tfd.array(rows()).batch(8) as never],
      ["tf.data of pairs", () => tfd.array(rows().map((xs) => ({ xs, ys: 1 }))).batch(8) as never],
      ["a function that gives tf.data", () => () => tfd.array(rows()).batch(8) as never],
      ["tf.data without end, cut", () => tfd.array(rows()).batch(8).repeat() as never],
    ])("%s", async (_, make) => {
      const reference = network();
      await recalibrate(reference, batches());
      const expected = snapshot(reference);
      const model = network();
      await recalibrate(model, make(), { batches: 3 });
      expect(snapshot(model)).toEqual(expected);
    });
  });

  test("an array's tensors stay the caller's; those that a function or tf.data make do not stay", async () => {
    const model = network();
    const given = batches();
    const before = tf.memory().numTensors;
    await recalibrate(model, given);
    await recalibrate(model, batches, { batches: 2 });
    expect(given.every((batch) => !batch.isDisposed)).toBe(true);
    // A plain function's array is a walk's own, with the third batch, which is not used.
    expect(tf.memory().numTensors).toBe(before);
    const onProgress = (): never => {
      throw new Error("enough");
    };
    await expect(recalibrate(model, batches, { onProgress })).rejects.toThrow("enough");
    expect(tf.memory().numTensors).toBe(before);
    await recalibrate(model, function* () {
      yield* batches();
    });
    const dataset = tfd.array(given[0]!.arraySync() as number[][]).batch(4);
    await recalibrate(model, dataset as never);
  });

  test("tells how far it has come, waits for who listens, and can be stopped", async () => {
    const model = network();
    const before = snapshot(model);
    const told: string[] = [];
    const controller = new AbortController();
    const run = (last: string): Promise<boolean> =>
      recalibrate(model, batches(), {
        signal: controller.signal,
        onProgress: async ({ layer, place, layers, batch }) => {
          await Promise.resolve();
          told.push(`${layer} ${place}/${layers} ${batch}`);
          if (told.at(-1) === last) controller.abort();
        },
      });
    expect(await run("second 2/2 1")).toBe(false);
    expect(told).toEqual(["first 1/2 1", "first 1/2 2", "first 1/2 3", "second 2/2 1"]);
    expect(snapshot(model)).toEqual(before);
    expect(await run("")).toBe(false);
    expect(told.length).toBe(4);
  });

  test("until its end the model predicts as before", async () => {
    const model = network();
    const before = snapshot(model);
    await recalibrate(model, batches(), {
      onProgress: () => expect(snapshot(model)).toEqual(before),
    });
    expect(snapshot(model)).not.toEqual(before);
  });

  test("what cannot be measured is refused, every layer stays, and nothing leaks", async () => {
    const model = network();
    const before = snapshot(model);
    const good = batches();
    const bad = [...good, tf.tensor2d([[1, Number.NaN, 2]])];
    const once = good.values();
    const tensors = tf.memory().numTensors;
    const refuse = (code: Parameters<typeof expectRejection>[0], given: unknown, options = {}) =>
      expectRejection(code, () => recalibrate(model, given as Batches, options));
    await refuse("ERR_BATCHNORM_NON_FINITE", bad);
    await refuse("ERR_BATCHNORM_TOO_FEW_VALUES", []);
    await refuse("ERR_BATCHNORM_STATE", good, { rule: "algorithm-2" });
    await refuse("ERR_BATCHNORM_OPTION", good, { rule: "mean" });
    await refuse("ERR_BATCHNORM_OPTION", good, { batches: 0 });
    await refuse("ERR_BATCHNORM_OPTION", once);
    await refuse("ERR_BATCHNORM_OPTION", good[0]);
    await refuse("ERR_BATCHNORM_OPTION", null);
    await refuse(
      "ERR_BATCHNORM_OPTION",
      tfd
        .array([[1, 2, 3]])
        .batch(1)
        .repeat(),
    );
    await refuse("ERR_BATCHNORM_SHAPE", [{ xs: 3 }]);
    await refuse("ERR_BATCHNORM_SHAPE", [[good[0], good[1]]]);
    await expectRejection("ERR_BATCHNORM_UNSUPPORTED", () => recalibrate({} as never, good));
    const listener = {
      onProgress: () => {
        throw new Error("heard enough");
      },
    };
    await expect(recalibrate(model, good, listener)).rejects.toThrow("heard enough");
    await expect(
      recalibrate(model, function* () {
        yield good[0]!.clone();
        throw new Error("lost");
      }),
    ).rejects.toThrow("lost");
    expect(snapshot(model)).toEqual(before);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  test("reaches shared layers, nested models and wrappers, and passes by what keeps no statistics", async () => {
    const x = tfl.input({ shape: [3, 2] });
    const shared = batchNormalization({ name: "shared" });
    const inner = tfl.sequential({
      layers: [batchNormalization({ inputShape: [3, 2], name: "inner", axis: 1 }), layers.reLU()],
    });
    const wrapped = batchNormalization({ name: "wrapped" });
    const untracked = batchNormalization({ trackRunningStatistics: false });
    let y = [
      shared,
      layers.reLU(),
      shared,
      inner,
      layers.timeDistributed({ layer: wrapped as never }),
    ].reduce((value, layer) => layer.apply(value) as tfl.SymbolicTensor, x);
    y = untracked.apply(y) as tfl.SymbolicTensor;
    const model = tfl.model({ inputs: x, outputs: y });
    const given = [tensorOf("a", [40, 3, 2], 5, 2), tensorOf("b", [40, 3, 2], 5, 2)];
    await recalibrate(model, given);
    const states = await batchNormStates(model);
    expect(states.map(({ name, updates }) => [name, updates])).toEqual([
      ["shared", 2],
      ["inner", 2],
      ["wrapped", 2],
      [untracked.name, 0],
    ]);
    // Two uses of 240 values each.
    expect(states[0]!.valuesPerChannel).toBe(480);
  });

  test("with several inputs", async () => {
    const inputs = [tfl.input({ shape: [2], name: "a" }), tfl.input({ shape: [2], name: "b" })];
    const bn = batchNormalization();
    const y = bn.apply(layers.add().apply(inputs)) as tfl.SymbolicTensor;
    const model = tfl.model({ inputs, outputs: y });
    const [a, b] = [tensorOf("a", [30, 2]), tensorOf("b", [30, 2])];
    const { mean } = computeMoments(Float64Array.from(tf.add(a, b).dataSync()), layoutOf([30, 2]));
    for (const batch of [[a, b], { b, a }, { xs: [a, b] }]) {
      loadNothing(bn);
      await recalibrate(model, [batch]);
      expectClose((await batchNormStates(model))[0]!.runningMean!, mean, 1e-6);
    }
  });
});

function loadNothing(layer: ReturnType<typeof batchNormalization>): void {
  tf.tidy(() => void layer.movingMean.write(tf.zerosLike(layer.movingMean.read())));
}
