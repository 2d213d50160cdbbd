export type { BatchNormJSON } from "./json.ts";
export { withBatchNorm } from "./network.ts";
export type { BatchNormSettings, LayerOptions } from "./settings.ts";
export type {
  BatchNormClass,
  BatchNormNetwork,
  NeuralNetworkClass,
  Signal,
  TrainResult,
} from "./types.ts";
export {
  batchNormStates,
  freezeBatchNorm,
  type InputSamples,
  inspectBatchNorm,
  loadBatchNormStates,
  recalibrate,
  unfreezeBatchNorm,
} from "./verbs.ts";
