// The entry `@batchnorm/kernels/memory`: the arena for modules of one's own, without those of this package.
export { type Allocator, FirstFit } from "./allocator.ts";
export { Arena, arena, type Tensor } from "./arena.ts";
export { type Backend, chosenBackend } from "./choice.ts";
export type { Memory } from "./heap.ts";
export { WasmModule } from "./wasm.ts";
