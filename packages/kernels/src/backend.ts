import { refuse } from "@batchnorm/core";
import { arena } from "./arena.ts";
import { type Backend, choose, chosenBackend } from "./choice.ts";
import type { Memory } from "./heap.ts";
import { Kernels, passesModule } from "./kernels.ts";
import { Lazy } from "./lazy.ts";
import { Products, productsModule } from "./products-kernels.ts";

const memory = (): Memory => {
  if (!arena.memory) throw new Error("WebAssembly is missing");
  return arena.memory;
};
const kernels = /* @__PURE__ */ new Lazy(() => new Kernels(memory(), arena.allocator));
const products = /* @__PURE__ */ new Lazy(() => new Products(memory(), arena.allocator));

/**
 * What computes now. The first call compiles, if it may.
 *
 * `"core"` where WebAssembly or its SIMD is missing, where a content security policy forbids it, or where
 * a browser's main thread does not compile a module of this size at once: {@link init} helps the last.
 */
export const backend = (): Backend => (kernelsInUse() ? "simd" : "core");

/** Compiles without blocking. Nobody has to wait for it: until then `backend()` may be `"core"`. */
export async function init(): Promise<Backend> {
  try {
    await Promise.all([passesModule.compile(), productsModule.compile()]);
    kernels.retry();
    products.retry();
  } catch {
    // WebAssembly is missing, or forbidden.
  }
  return backend();
}

/**
 * Settles what computes from now on, for all users of this package: `"core"` to compare or to rule
 * something out, `"auto"` for the better one that runs, as at first.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` for `"simd"` where it cannot run;
 * `ERR_BATCHNORM_OPTION` for anything else.
 */
export function useBackend(wanted: Backend | "auto"): void {
  if (wanted !== "simd" && wanted !== "core" && wanted !== "auto") {
    refuse("ERR_BATCHNORM_OPTION", "backend must be simd, core or auto", wanted);
  }
  if (wanted === "simd" && !kernels.get()) {
    const rule = "backend simd must have WebAssembly with SIMD, allowed to compile";
    refuse("ERR_BATCHNORM_UNSUPPORTED", rule, "none");
  }
  choose(wanted);
}

/** The passes on the arena's memory; null where core computes. */
export const kernelsInUse = (): Kernels | null =>
  chosenBackend() === "core" ? null : kernels.get();

/** The products on the arena's memory; null where TypeScript computes. */
export const productsInUse = (): Products | null =>
  chosenBackend() === "core" ? null : products.get();
