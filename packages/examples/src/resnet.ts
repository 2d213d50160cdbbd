import {
  batchNormalization,
  foldBatchNorm,
  inspectBatchNorm,
  type LayerFinding,
  recalibrate,
} from "@batchnorm/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import {
  initializers,
  input,
  type LayersModel,
  layers,
  loadLayersModel,
  model as modelOf,
  type SymbolicTensor,
} from "@tensorflow/tfjs-layers";
import { pixelsPerSample, type Samples } from "./digits.ts";
import { accuracy, batchesOf, classes, tensorsOf } from "./tensors.ts";

/**
 * Residual blocks of dense layers, not of convolutions: TensorFlow.js cannot train those on its wasm
 * backend (tensorflow/tfjs#8474), and on its cpu backend an epoch of them takes longer than all of this.
 */
const units = 64;
const blocks = 3;
const rate = 0.003;
export const resnetBatchSize = 50;

export interface ResnetExperiment {
  readonly train: Samples;
  readonly test: Samples;
  readonly seed: number;
  /** Training samples to see, a multiple of the batch size. */
  readonly samples: number;
  /** Called after every step with the training samples seen so far. */
  readonly onStep: (seen: number) => void;
}

/** A model in one of its stages. */
export interface Stage {
  readonly name: string;
  /** Of the test set, in [0, 1]. */
  readonly accuracy: number;
  readonly layers: number;
  readonly parameters: number;
}

export interface ResnetResult {
  readonly stages: readonly Stage[];
  /** What is wrong after training, and what after recalibration. */
  readonly findings: readonly [readonly LayerFinding[], readonly LayerFinding[]];
  /** The largest difference that folding makes to a probability. */
  readonly difference: number;
  readonly seconds: number;
}

/** Trains, inspects, recalibrates, folds, saves and loads a residual network. */
export async function runResnet(experiment: ResnetExperiment): Promise<ResnetResult> {
  const { train, test } = experiment;
  const [x, y] = tensorsOf(train);
  const [testX, testY] = tensorsOf(test);
  const stages: Stage[] = [];
  const note = (name: string, model: LayersModel): void => {
    const parameters = model.countParams();
    stages.push({
      name,
      accuracy: accuracy(model, testX, testY),
      layers: model.layers.length,
      parameters,
    });
  };

  const model = residualNetwork(experiment.seed);
  const started = performance.now();
  await learn(model, x, y, experiment);
  const seconds = (performance.now() - started) / 1000;
  note("training", model);

  const trained = await inspectBatchNorm(model, x);
  // The running statistics become those of the whole training set, by the weights as they are now.
  await recalibrate(model, () => inBatches(x));
  const recalibrated = await inspectBatchNorm(model, x);
  note("recalibration", model);

  const folded = await foldBatchNorm(model);
  note("folding", folded);
  const difference = largestDifference(model, folded, testX);

  const loaded = await saveAndLoad(folded);
  note("saving and loading", loaded);

  for (const each of [model, folded, loaded]) each.dispose();
  tf.dispose([x, y, testX, testY]);
  return { stages, findings: [trained, recalibrated], difference, seconds };
}

/**
 * Its Batch Normalization has the options that it has by default, Keras's, under which the running
 * statistics take some 500 steps to warm up.
 *
 * Dense, Batch Normalization, ReLU; blocks that add to what they get; one of ten. */
function residualNetwork(seed: number): LayersModel {
  let made = 0;
  const normal = (x: SymbolicTensor): SymbolicTensor => {
    const kernelInitializer = initializers.heNormal({ seed: seed + made++ });
    // beta does what a bias would
    const dense = layers.dense({ units, useBias: false, kernelInitializer });
    const norm = batchNormalization({ name: `norm_${made}` });
    return norm.apply(dense.apply(x)) as SymbolicTensor;
  };
  const relu = (x: SymbolicTensor): SymbolicTensor => layers.reLU().apply(x) as SymbolicTensor;
  const block = (x: SymbolicTensor): SymbolicTensor =>
    relu(layers.add().apply([x, normal(relu(normal(x)))]) as SymbolicTensor);

  const inputs = input({ shape: [pixelsPerSample] });
  let x = relu(normal(inputs));
  for (let i = 0; i < blocks; i++) x = block(x);
  const kernelInitializer = initializers.glorotUniform({ seed: seed + made });
  const softmax = layers.dense({ units: classes, activation: "softmax", kernelInitializer });
  return modelOf({ inputs, outputs: softmax.apply(x) as SymbolicTensor });
}

async function learn(
  model: LayersModel,
  x: tf.Tensor2D,
  y: tf.Tensor2D,
  { train, samples, seed, onStep }: ResnetExperiment,
): Promise<void> {
  const optimizer = tf.train.adam(rate);
  model.compile({ optimizer, loss: "categoricalCrossentropy" });
  const batches = batchesOf(train.labels.length, resnetBatchSize, seed);
  for (let seen = resnetBatchSize; seen <= samples; seen += resnetBatchSize) {
    const batch = tf.tensor1d(batches.next().value, "int32");
    const [batchX, batchY] = [tf.gather(x, batch), tf.gather(y, batch)];
    await model.trainOnBatch(batchX, batchY);
    tf.dispose([batch, batchX, batchY]);
    onStep(seen);
  }
  optimizer.dispose();
}

/** The same batches in every walk; whoever walks disposes of them. */
function* inBatches(x: tf.Tensor2D): Generator<tf.Tensor> {
  for (let from = 0; from < x.shape[0]; from += resnetBatchSize) {
    yield tf.slice(x, from, Math.min(resnetBatchSize, x.shape[0] - from));
  }
}

function largestDifference(a: LayersModel, b: LayersModel, x: tf.Tensor): number {
  return tf.tidy(() => {
    const [left, right] = [a.predict(x) as tf.Tensor, b.predict(x) as tf.Tensor];
    return tf.max(tf.abs(tf.sub(left, right))).dataSync()[0] as number;
  });
}

/** Through memory; `localstorage://`, `indexeddb://` and `downloads://` are for browsers. */
async function saveAndLoad(model: LayersModel): Promise<LayersModel> {
  let saved: tf.io.ModelArtifacts = {};
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    }),
  );
  return loadLayersModel(tf.io.fromMemory(saved));
}
