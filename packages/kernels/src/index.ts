export { type Allocator, FirstFit } from "./allocator.ts";
export { Arena, arena, type Tensor } from "./arena.ts";
export { type Backend, backend, init, useBackend } from "./backend.ts";
export { backwardInference, backwardTraining } from "./backward.ts";
export { BatchNorm, passes } from "./batch-norm.ts";
export { computeMoments, forwardByMoments, forwardInference, forwardTraining } from "./forward.ts";
export type { Memory } from "./heap.ts";
export { Kernels } from "./kernels.ts";
export { releaseScratch } from "./stage.ts";
