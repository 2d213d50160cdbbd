export { type Batches, balancedBatches } from "./batches.ts";
export {
  checkSamples,
  checkTrainingData,
  type Matrix,
  type Samples,
  type TrainingData,
} from "./check-data.ts";
export type { Cost, CostFunction } from "./cost.ts";
export { Dataset } from "./dataset.ts";
export { type FlatSamples, Flattener } from "./flat-samples.ts";
export { foldBatchNorm } from "./fold.ts";
export type { GradientsOf, LayerGradients, NetworkGradients } from "./gradients.ts";
export type { Activation, Connection, Graph, Layer } from "./graph.ts";
export { type Initialization, initialize } from "./initialize.ts";
export { inspectBatchNorm, type LayerFinding } from "./inspect.ts";
export { Network } from "./network.ts";
export type {
  Loss,
  NetworkOptions,
  NumberType,
  ResolvedNetworkOptions,
} from "./network-options.ts";
export type { LayerParameters, LayerState, NetworkState } from "./network-state.ts";
export type { Optimizer, ResolvedOptimizer } from "./optimizer.ts";
export type { PositionState } from "./position.ts";
export { Random, type RandomState } from "./random.ts";
export { type RecalibrateOptions, recalibrate } from "./recalibrate.ts";
export { resolveBatchNorm } from "./resolved-graph.ts";
export type { Moment, Rate } from "./schedule.ts";
export type { Snapshot } from "./snapshot.ts";
export { Trainer } from "./trainer.ts";
export type { TrainerOptions } from "./trainer-options.ts";
export { requirePosition, type TrainerState } from "./trainer-state.ts";
export type { Progress, TrainOptions, TrainResult } from "./training.ts";
export { init } from "./wasm/engine-in-use.ts";
