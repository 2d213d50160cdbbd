import {
  type AffineParameters,
  emptyMoments,
  type Layout,
  type Moments,
  nextWeights,
  type Passes,
  valuesPerChannel,
} from "@batchnorm/core";
import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Progress, progressOf, readProgress } from "../progress.ts";
import type { Host, Opened } from "./host.ts";
import type {
  GradientInputs,
  InferenceInputs,
  KernelFunctions,
  PassAttributes,
  TrainingGradientInputs,
  TrainingInputs,
  UpdateAttributes,
  UpdateInputs,
} from "./kernel.ts";

/** Every kernel of a backend whose tensors JavaScript reaches. */
export function hostKernels(hostOf: (backend: object) => Host): KernelFunctions {
  const on =
    <Inputs, Attributes>(
      run: (host: Host, inputs: Inputs, attributes: Attributes) => TensorInfo[],
    ) =>
    (backend: object, inputs: Inputs, attributes: Attributes): TensorInfo[] =>
      run(hostOf(backend), inputs, attributes);
  return {
    training: on(train),
    trainingGradient: on(differentiateTraining),
    inference: on(infer),
    inferenceGradient: on(differentiateInference),
    update: on(enter),
  };
}

/** The shapes of what a kernel makes, in its order. */
type Shapes = Record<string, readonly number[]>;

type Made<S extends Shapes> = { [K in keyof S]: TensorInfo };

/** A kernel over an x: what it makes, and a pass that fills it. */
const over =
  <Inputs extends TrainingInputs, S extends Shapes>(
    shapesOf: (ofX: number[], ofChannels: number[]) => S,
    fill: (
      passes: Passes,
      at: Opened<Inputs & Made<S>>,
      layout: Layout,
      parameters: AffineParameters,
    ) => void,
  ) =>
  (host: Host, inputs: Inputs, { epsilon, ...layout }: PassAttributes): TensorInfo[] =>
    filled(host, shapesOf(inputs.x.shape, [layout.channels]), (made) => {
      const at = host.open({ ...inputs, ...made }, layout);
      const { gamma, beta } = at as Opened<TrainingInputs>;
      fill(host.passes, at, layout, { gamma, beta, epsilon });
    });

const gradientShapes = (ofX: number[], ofChannels: number[]) => ({
  dx: ofX,
  dgamma: ofChannels,
  dbeta: ofChannels,
});

const train = over<TrainingInputs, Record<"y" | keyof KeptMoments, number[]>>(
  (y, one) => ({ y, mean: one, meanLow: one, variance: one }),
  (passes, at, layout, parameters) => {
    const moments = spareMoments(layout.channels);
    passes.forwardTraining(at.x, layout, parameters, { y: at.y, moments });
    writeMoments(moments, at);
  },
);

const differentiateTraining = over<TrainingGradientInputs, ReturnType<typeof gradientShapes>>(
  gradientShapes,
  (passes, at, layout, parameters) => {
    const moments = readMoments(at, layout) ?? passes.computeMoments(at.x, layout);
    passes.backwardTraining(at.dy, at.x, layout, moments, parameters, at);
  },
);

const infer = over<InferenceInputs, { y: number[] }>(
  (y) => ({ y }),
  (passes, at, layout, parameters) => {
    passes.forwardInference(at.x, layout, at, parameters, at.y);
  },
);

const differentiateInference = over<GradientInputs, ReturnType<typeof gradientShapes>>(
  gradientShapes,
  (passes, at, layout, parameters) => {
    passes.backwardInference(at.dy, at.x, layout, at, parameters, at);
  },
);

function enter(host: Host, inputs: UpdateInputs, attributes: UpdateAttributes): TensorInfo[] {
  const { shape } = inputs.runningMean;
  const shapes = { nextMean: shape, nextVariance: shape, nextProgress: inputs.progress.shape };
  const layout = { outer: 1, channels: shape[0] as number, inner: 1 };
  return filled(host, shapes, (made) => {
    const at = host.open({ ...inputs, ...made }, layout);
    const { momentum, start, correction, skip } = attributes;
    const progress = readProgress(at.progress);
    const skips = skip && !isFiniteBatch(at, correction);
    const { keep, weight } = nextWeights(progress, { momentum, start });
    const enters = (old: number, batch: number): number => (skips ? old : blend(keep, old, batch));
    for (let c = 0; c < layout.channels; c++) {
      const mean = (at.mean[c] as number) + (at.meanLow[c] as number);
      const variance = (at.variance[c] as number) * correction;
      at.nextMean[c] = enters(at.runningMean[c] as number, mean);
      at.nextVariance[c] = enters(at.runningVariance[c] as number, variance);
    }
    const next: Progress = skips
      ? { ...progress, skipped: progress.skipped + 1 }
      : { ...progress, weight, updates: progress.updates + 1 };
    at.nextProgress.set(progressOf(next));
  });
}

/** Whether float32 holds a batch's mean and variance. */
function isFiniteBatch({ mean, variance }: Omit<KeptMoments, "meanLow">, factor: number): boolean {
  for (let c = 0; c < mean.length; c++) {
    const spread = Math.fround((variance[c] as number) * factor);
    if (!Number.isFinite(spread) || !Number.isFinite(mean[c])) return false;
  }
  return true;
}

/** Where nothing is kept, not even a NaN is. */
const blend = (keep: number, old: number, batch: number): number =>
  keep === 0 ? batch : keep * old + (1 - keep) * batch;

/** Makes tensors, in the order of their shapes, and has them filled; frees them where that fails. */
function filled<S extends Shapes>(
  host: Host,
  shapes: S,
  fill: (made: Made<S>) => void,
): TensorInfo[] {
  const made: Record<string, TensorInfo> = {};
  const tensors: TensorInfo[] = [];
  for (const name in shapes) {
    const tensor = host.make(shapes[name] as readonly number[]);
    made[name] = tensor;
    tensors.push(tensor);
  }
  try {
    fill(made as Made<S>);
  } catch (error) {
    for (const tensor of tensors) host.dispose(tensor);
    throw error;
  }
  return tensors;
}

/** What the last pass took its moments in: no kernel runs within another. */
let spare = emptyMoments(1);

function spareMoments(channels: number): Moments {
  if (spare.mean.length !== channels) spare = emptyMoments(channels);
  return spare;
}

/** What a pass keeps of its batch's moments, in float32. */
interface KeptMoments {
  readonly mean: Float32Array;
  readonly meanLow: Float32Array;
  readonly variance: Float32Array;
}

function writeMoments(moments: Moments, { mean, meanLow, variance }: KeptMoments): void {
  mean.set(moments.mean);
  for (let c = 0; c < mean.length; c++) {
    const rest = (moments.mean[c] as number) - (mean[c] as number);
    meanLow[c] = rest + (moments.meanLow[c] as number);
    variance[c] = (moments.m2[c] as number) / moments.count;
  }
}

/** The moments again; null where float32 did not hold them, so that they must be computed anew. */
function readMoments({ mean, meanLow, variance }: KeptMoments, layout: Layout): Moments | null {
  const moments = spareMoments(layout.channels);
  moments.count = valuesPerChannel(layout);
  for (let c = 0; c < variance.length; c++) {
    const [center, spread] = [mean[c] as number, variance[c] as number];
    if (!isHeld(center, 2 ** -100) || !isHeld(spread, 2 ** -126)) return null;
    moments.mean[c] = center + (meanLow[c] as number);
    moments.meanLow[c] = 0;
    moments.m2[c] = spread * moments.count;
  }
  return moments;
}

/** Float32 loses digits below 2^−126: those of a mean's second part, 2^−24 of it, somewhat earlier. */
const isHeld = (value: number, smallest: number): boolean =>
  value === 0 || (Math.abs(value) >= smallest && Number.isFinite(value));
