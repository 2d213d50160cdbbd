export type { FloatArray } from "./arrays.ts";
export { BatchNorm } from "./batch-norm.ts";
export { BatchNormError, type BatchNormErrorCode, refuse } from "./errors.ts";
export {
  type ChannelMap,
  channelMap,
  type Dense,
  type Folded,
  foldAfter,
  foldBefore,
} from "./fold.ts";
export { backwardInference, backwardTraining, type Gradients } from "./gradient.ts";
export {
  type Layout,
  layoutOf,
  requireChannels,
  resolveAxis,
  sizeOf,
  valuesPerChannel,
} from "./layout.ts";
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
export {
  createRunningStatistics,
  type RunningRule,
  type RunningStatistics,
  updateRunning,
} from "./running.ts";
export {
  type BatchNormState,
  optionsOfState,
  parseState,
  parseStateFor,
  resolveForState,
} from "./state.ts";
