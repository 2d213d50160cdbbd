import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

/** What a save handler sees of a model. */
export async function artifactsOf(model: tfl.LayersModel): Promise<tf.io.ModelArtifacts> {
  let saved: tf.io.ModelArtifacts = {};
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
    }),
  );
  return saved;
}

/** A model of what was saved, through JSON as a file would go. */
export function load(artifacts: tf.io.ModelArtifacts): Promise<tfl.LayersModel> {
  const { weightData, ...rest } = artifacts;
  const copy: tf.io.ModelArtifacts = JSON.parse(JSON.stringify(rest));
  return tfl.loadLayersModel(tf.io.fromMemory({ ...copy, ...(weightData ? { weightData } : {}) }));
}

/** A model of one layer as a file of Keras describes it, without weights. */
export const kerasModel = (
  className: string,
  config: object,
  inputShape: readonly number[] = [2, 2, 3],
): tf.io.ModelArtifacts => ({
  modelTopology: {
    class_name: "Sequential",
    config: {
      name: "sequential",
      layers: [
        {
          class_name: className,
          config: {
            name: "bn",
            trainable: true,
            batch_input_shape: [null, ...inputShape],
            dtype: "float32",
            axis: [inputShape.length],
            momentum: 0.99,
            epsilon: 0.001,
            center: true,
            scale: true,
            beta_initializer: { class_name: "Zeros", config: {} },
            gamma_initializer: { class_name: "Ones", config: {} },
            moving_mean_initializer: { class_name: "Zeros", config: {} },
            moving_variance_initializer: { class_name: "Ones", config: {} },
            beta_regularizer: null,
            gamma_regularizer: null,
            beta_constraint: null,
            gamma_constraint: null,
            ...config,
          },
        },
      ],
    },
    keras_version: "2.15.0",
    backend: "tensorflow",
  },
});
