export * from "./core.ts";
export type { BatchNormLayerArguments } from "./layers/arguments.ts";
export {
  BatchNormLayer,
  batchNormalization,
  type CallOptions,
  registerBatchNorm,
} from "./layers/layer.ts";
export { replaceStock } from "./layers/replace-stock.ts";
