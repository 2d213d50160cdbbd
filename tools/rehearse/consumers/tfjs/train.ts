// XOR with tfjs-layers; then saved and loaded.
import * as tf from "@tensorflow/tfjs-core";
import { layers, loadLayersModel, sequential } from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { batchNormalization, registerBatchNorm } from "@batchnorm/tfjs";

async function train(): Promise<void> {
  const model = sequential({
    layers: [
      layers.dense({ units: 8, inputShape: [2] }),
      batchNormalization({ momentum: 0.9 }),
      layers.activation({ activation: "tanh" }),
      layers.dense({ units: 1 }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(0.05), loss: "meanSquaredError" });
  const x = tf.tensor2d([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ]);
  const y = tf.tensor2d([[0], [1], [1], [0]]);
  const { history } = await model.fit(x, y, { epochs: 60, batchSize: 4, verbose: 0 });
  const losses = history.loss as number[];
  const last = losses.at(-1) as number;
  if (!((losses[0] as number) > 2 * last)) throw new Error(`losses ${losses}`);

  registerBatchNorm();
  let saved: tf.io.ModelArtifacts = {};
  const modelArtifactsInfo = { dateSaved: new Date(), modelTopologyType: "JSON" } as const;
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo };
    }),
  );
  const loaded = await loadLayersModel(tf.io.fromMemory(saved));
  const same = tf.equal(loaded.predict(x) as tf.Tensor, model.predict(x) as tf.Tensor);
  if (tf.all(same).dataSync()[0] !== 1) throw new Error("what is loaded predicts something else");
}

// @ts-expect-error: no such option
export const wrong = () => batchNormalization({ momentun: 0.9 });

train().then(
  () => console.log("learned"),
  (error) =>
    setTimeout(() => {
      throw error;
    }),
);
