import { batchNormalization, foldBatchNorm } from "@batchnorm/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { describe, expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { expectRejection } from "./close.ts";
import { expectFolds, on, type Symbolic, scrambled, through } from "./models.ts";

const { layers } = tfl;

onEachBackend(() => {
  describe("what no linear layer can take over", () => {
    const alone = (shape: (number | null)[], args: object = {}): tfl.LayersModel => {
      const x = tfl.input({ shape });
      const y = through(
        x,
        layers.reLU(),
        batchNormalization({ name: "alone", ...args }),
        layers.reLU(),
      );
      return tfl.model({ inputs: x, outputs: y });
    };
    const convolution = "InputLayer ReLU DepthwiseConv2D ReLU";
    const reshaped = "InputLayer ReLU Reshape DepthwiseConv2D Reshape ReLU";

    test.each([
      { shape: [4, 3, 2], args: {}, left: convolution },
      { shape: [3, 4, 2], args: { axis: 1 }, left: convolution },
      { shape: [null, null, 2], args: {}, left: convolution },
      { shape: [3], args: {}, left: reshaped },
      { shape: [6, 3], args: {}, left: reshaped },
      { shape: [null, 3], args: {}, left: reshaped },
      { shape: [3, 6], args: { axis: 1 }, left: reshaped },
      { shape: [2, 3, 2, 4], args: {}, left: reshaped },
      { shape: [3, null, 2, 4], args: { axis: 1 }, left: reshaped },
    ])(
      "becomes a depthwise convolution on request: $shape, $args",
      async ({ shape, args, left }) => {
        await expectFolds(alone(shape, args), left, { otherwise: "depthwise" });
      },
    );

    test("becomes one too as the first or the last layer of a Sequential", async () => {
      const model = tfl.sequential({
        layers: [batchNormalization({ inputShape: [3] }), layers.reLU(), batchNormalization()],
      });
      const left = "Reshape DepthwiseConv2D Reshape ReLU Reshape DepthwiseConv2D Reshape";
      await expectFolds(model, left, { otherwise: "depthwise" });
    });

    test("is refused with the layer, the reason and the way out", async () => {
      const { message } = await expectRejection("ERR_BATCHNORM_FOLD", () =>
        foldBatchNorm(alone([3])),
      );
      expect(message).toMatch(/^alone cannot be folded into the layer before it: .* \(ReLU\); /);
      expect(message).toContain('otherwise: "depthwise"');
    });

    const named = { name: "linear", filters: 2, kernelSize: 3 };
    const conv = (args: object = {}) => layers.conv2d({ ...named, ...args });
    const dense = layers.dense({ units: 1, name: "linear" });
    const bn = batchNormalization;
    const image = [5, 5, 2];
    const first = { dataFormat: "channelsFirst" } as object;
    const up = layers.conv2dTranspose;
    test.each<[string, RegExp, tfl.layers.Layer[]]>([
      [
        "an activation",
        /linear before it ends in relu/,
        [conv({ inputShape: image, activation: "relu" }), bn()],
      ],
      [
        "padding behind",
        /linear behind it is padded/,
        [bn({ inputShape: image }), conv({ padding: "same" })],
      ],
      [
        "a transposed convolution behind",
        /linear behind it is padded or tr/,
        [bn({ inputShape: image }), up(named)],
      ],
      [
        "another axis",
        /axis 1, linear has its channels on axis 3/,
        [conv({ inputShape: image }), bn({ axis: 1 })],
      ],
      [
        "another axis behind",
        /axis 1, linear has its channels on axis 2/,
        [bn({ axis: 1, inputShape: [5, 2] }), dense],
      ],
      [
        "being last behind no linear layer",
        /is an output of the model/,
        [layers.reLU({ inputShape: [3] } as never), bn()],
      ],
      [
        "what TensorFlow.js gets wrong",
        /computes linear wrongly/,
        [bn({ axis: 1, inputShape: [2, 5] }), layers.conv1d({ ...named, ...first })],
      ],
      [
        "what it gets wrong too",
        /computes linear wrongly/,
        [layers.separableConv2d({ ...named, ...first, inputShape: image }), bn({ axis: 1 })],
      ],
    ])("is refused for %s", async (_, reason, chain) => {
      const model = scrambled(tfl.sequential({ layers: chain }));
      const { message } = await expectRejection("ERR_BATCHNORM_FOLD", () => foldBatchNorm(model));
      expect(message).toMatch(reason);
    });

    test("is refused for what is read besides", async () => {
      const x = tfl.input({ shape: [3] });
      const shared = on(x, layers.dense({ units: 3, name: "shared" }));
      const normal = on(shared, bn());
      const model = (outputs: Symbolic[]) => tfl.model({ inputs: x, outputs });
      const fold = (outputs: Symbolic[]) =>
        expectRejection("ERR_BATCHNORM_FOLD", () => foldBatchNorm(model(outputs)));
      expect((await fold([shared, normal])).message).toContain(
        "shared before it makes is an output",
      );
      const relu = on(shared, layers.reLU({ name: "relu" }));
      expect((await fold([relu, normal])).message).toContain(
        "shared before it makes is read by relu too",
      );
    });

    test("is refused in the middle of other than an image, even as a convolution", async () => {
      const options = { otherwise: "depthwise" } as const;
      for (const model of [alone([3, 4, 2, 2], { axis: 2 }), alone([null, null, null, 2])]) {
        await expectRejection("ERR_BATCHNORM_FOLD", () => foldBatchNorm(model, options));
      }
    });
  });

  test("what normalizes by the batch at inference, or inside a wrapper, is refused", async () => {
    const chain = (...all: tfl.layers.Layer[]) => tfl.sequential({ layers: all });
    const dense = () => layers.dense({ units: 2, inputShape: [5, 3] });
    for (const [name, model] of [
      ["batch", chain(dense(), batchNormalization({ useBatchStatistics: true, name: "batch" }))],
      [
        "untracked",
        chain(dense(), batchNormalization({ trackRunningStatistics: false, name: "untracked" })),
      ],
      [
        "wrapped",
        chain(
          dense(),
          layers.timeDistributed({ layer: batchNormalization({ name: "wrapped" }) as never }),
        ),
      ],
    ] as const) {
      const { message } = await expectRejection("ERR_BATCHNORM_FOLD", () =>
        foldBatchNorm(model, { otherwise: "depthwise" }),
      );
      expect(message).toContain(`${name} cannot be folded`);
    }
  });

  test("what is no model, no option or not finite is refused", async () => {
    await expectRejection("ERR_BATCHNORM_UNSUPPORTED", () => foldBatchNorm({} as never));
    const model = tfl.sequential();
    await expectRejection("ERR_BATCHNORM_NOT_BUILT", () => foldBatchNorm(model));
    model.add(layers.dense({ units: 2, inputShape: [3] }));
    model.add(batchNormalization());
    await expectRejection("ERR_BATCHNORM_OPTION", () =>
      foldBatchNorm(model, { otherwise: "no" as never }),
    );
    tf.tidy(() => {
      (model.layers[1] as ReturnType<typeof batchNormalization>).movingMean.write(
        tf.tensor1d([1, NaN]),
      );
    });
    const before = tf.memory().numTensors;
    await expectRejection("ERR_BATCHNORM_STATE", () => foldBatchNorm(model));
    expect(tf.memory().numTensors).toBe(before);
  });
});
