export * from "./core.ts";
export {
  BatchNormLayer,
  type BatchNormLayerArguments,
  batchNormalization,
  registerBatchNorm,
} from "./layers/layer.ts";
