export type { DiagnosisLimits } from "@batchnorm/core/diagnosis";
export * from "./core.ts";
export type { BatchNormLayerArguments } from "./layers/arguments.ts";
export type { Batch, Batches, LazyDataset } from "./layers/dataset.ts";
export { type FoldOptions, foldBatchNorm } from "./layers/fold/fold-model.ts";
export { freezeBatchNorm, unfreezeBatchNorm } from "./layers/freeze.ts";
export { inspectBatchNorm, type LayerFinding } from "./layers/inspect.ts";
export {
  BatchNormLayer,
  batchNormalization,
  type CallOptions,
  registerBatchNorm,
} from "./layers/layer.ts";
export {
  type RecalibrateOptions,
  type RecalibrateProgress,
  recalibrate,
} from "./layers/recalibrate.ts";
export { replaceStock } from "./layers/replace-stock.ts";
export { batchNormStates, loadBatchNormStates } from "./layers/states.ts";
