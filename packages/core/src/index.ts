export type { FloatArray } from "./arrays.ts";
export { BatchNorm, type ForwardOptions } from "./batch-norm.ts";
export { BatchNormError, type BatchNormErrorCode, refuse } from "./errors.ts";
export {
  type ChannelMap,
  channelMap,
  type Folded,
  foldAfter,
  foldBefore,
} from "./fold.ts";
export { type BatchPart, virtualBatches } from "./ghost.ts";
export {
  backwardInference,
  backwardTraining,
  type GradientSums,
  type Gradients,
  statisticsGradients,
} from "./gradient.ts";
export { type LayerArrays, stateOf } from "./layer-state.ts";
export {
  type Layout,
  layoutOf,
  requireChannels,
  resolveAxis,
  sizeOf,
  valuesPerChannel,
} from "./layout.ts";
export type { ConvolutionWeights, DenseWeights, LinearWeights } from "./linear-weights.ts";
export { backwardMasked, type Mask, maskedMoments, parseMask } from "./masks.ts";
export {
  computeMoments,
  emptyMoments,
  type Moments,
  mergeMoments,
  type VarianceEstimator,
  varianceOf,
} from "./moments.ts";
export { forwardByMoments, forwardInference, forwardTraining } from "./normalize.ts";
export {
  type BatchNormOptions,
  defaultOptions,
  type Momentum,
  type NonFinitePolicy,
  type ResolvedOptions,
  resolveOptions,
  type SingleValuePolicy,
  type Start,
} from "./options.ts";
export type { AffineParameters, Statistics } from "./parameters.ts";
export { type Pass, planPass } from "./pass.ts";
export { type Passes, passes } from "./passes.ts";
export { type PopulationStatistics, populationStatistics } from "./population.ts";
export { withPopulation } from "./population-state.ts";
export { addRelu, reluGradient } from "./relu.ts";
export {
  type Correction,
  correctParameters,
  createRenormStatistics,
  type RenormStatistics,
  renormCorrection,
  updateRenorm,
} from "./renorm.ts";
export { type RenormOptions, type ResolvedRenormOptions, resolveRenorm } from "./renorm-options.ts";
export { replicaInputGradient, replicaSums } from "./replicas.ts";
export {
  createRunningStatistics,
  nextWeights,
  type RunningRule,
  type RunningStatistics,
  updateRunning,
} from "./running.ts";
export { backwardTwice, type SecondGradients } from "./second-order.ts";
export {
  type BatchNormState,
  optionsOfState,
  parseState,
  parseStateFor,
  type RenormState,
  resolveForState,
} from "./state.ts";
