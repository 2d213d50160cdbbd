import { batchNormalization, foldBatchNorm } from "@batchnorm/tfjs";
import { type layers as Layers, layers, sequential } from "@tensorflow/tfjs-layers";
import fc from "fast-check";
import { expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { expectClose } from "./close.ts";
import { outputsOf, scrambled, shapeOf, tensorOf } from "./models.ts";

type Make = () => Layers.Layer;

const activations: Make[] = ["relu", "tanh", "linear"].map(
  (activation) => () => layers.activation({ activation: activation as "relu" }),
);
const norms: Make[] = [{}, { scale: false }, { center: false }].map(
  (options) => () => batchNormalization(options),
);
const anywhere = [...norms, ...norms, ...activations, () => layers.dropout({ rate: 0.3 })];
const dense: Make[] = [
  () => layers.dense({ units: 4 }),
  () => layers.dense({ units: 2, useBias: false }),
  () => layers.dense({ units: 3, activation: "sigmoid" }),
];
const convolutions: Make[] = [
  () => layers.conv2d({ filters: 3, kernelSize: 2 }),
  () => layers.conv2d({ filters: 2, kernelSize: 3, padding: "same" }),
  () => layers.depthwiseConv2d({ kernelSize: 2, padding: "same" }),
  () => layers.separableConv2d({ filters: 3, kernelSize: 2 }),
  () => layers.conv2dTranspose({ filters: 2, kernelSize: 2 }),
];

/** One to eight layers, of those that fit together in any order. */
const chainOf = (makes: Make[]): fc.Arbitrary<Layers.Layer[]> =>
  fc
    .array(fc.constantFrom(...makes), { minLength: 1, maxLength: 8 })
    .map((chosen) => chosen.map((make) => make()));

onEachBackend(() => {
  test.each([
    { shape: [3], makes: [...anywhere, ...dense] },
    { shape: [9, 9, 2], makes: [...anywhere, ...convolutions] },
  ])("any chain on $shape folds to the same outputs", async ({ shape, makes }) => {
    await fc.assert(
      fc.asyncProperty(chainOf(makes), async (chain) => {
        const input = layers.inputLayer({ inputShape: shape });
        const model = scrambled(sequential({ layers: [input, ...chain] }));
        const x = tensorOf("x", [2, ...shapeOf(model)]);
        const folded = await foldBatchNorm(model, { otherwise: "depthwise" });
        const [expected, actual] = [model, folded].map((each) => outputsOf(each, x)[0]);
        const kept = folded.layers.map((layer) => layer.getClassName());
        for (const each of [model, folded]) each.dispose();
        x.dispose();
        expect(kept).not.toContain("BatchNorm");
        // float32 keeps 7 digits; eight layers of a dozen products each may lose two of them.
        expectClose(actual as Float32Array, expected as Float32Array, 2e-5);
      }),
      { seed: 20261121, numRuns: 60 },
    );
  });
});
