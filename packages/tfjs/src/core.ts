export {
  BatchNormError,
  type BatchNormErrorCode,
  type BatchNormOptions,
  type BatchNormState,
} from "@batchnorm/core";
export { BatchNorm } from "./batch-norm.ts";
export {
  type Implementation,
  implementation,
  init,
  useImplementation,
} from "./kernels/registry.ts";
export {
  type Normalization,
  normalizeByBatch,
  normalizeByStatistics,
  type Parameters,
  type Statistics,
} from "./op.ts";
