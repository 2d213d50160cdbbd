export { backend, init, useBackend } from "./backend.ts";
export { backwardInference, backwardTraining } from "./backward.ts";
export { BatchNorm, passes } from "./batch-norm.ts";
export { computeMoments, forwardByMoments, forwardInference, forwardTraining } from "./forward.ts";
export { Kernels } from "./kernels.ts";
export {
  type Allocator,
  Arena,
  arena,
  type Backend,
  FirstFit,
  type Memory,
  type Tensor,
  WasmModule,
} from "./memory.ts";
export { passesOn } from "./passes-on.ts";
export { multiply, type ProductOptions } from "./products.ts";
export { type MatrixAt, type ProductAt, Products } from "./products-kernels.ts";
export { releaseScratch } from "./release-scratch.ts";
