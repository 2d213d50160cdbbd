export * from "./core.ts";
export { type FoldOptions, foldBatchNorm } from "./layers/fold/fold-model.ts";
export {
  BatchNormLayer,
  type BatchNormLayerArguments,
  batchNormalization,
  registerBatchNorm,
} from "./layers/layer.ts";
