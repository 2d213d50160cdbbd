import { arena } from "./arena.ts";
import { Products } from "./products-kernels.ts";

/** Undefined until somebody asks; null where WebAssembly is refused. */
let loaded: Products | null | undefined;
let allowed = true;

/** The products on the arena's memory; null where the fallback is to compute. */
export function productsInUse(): Products | null {
  if (!allowed) return null;
  if (loaded === undefined) loaded = instantiate();
  return loaded;
}

/** Forces the fallback, or allows WebAssembly again. */
export function allowProducts(simd: boolean): void {
  allowed = simd;
}

function instantiate(): Products | null {
  const { memory } = arena;
  if (!memory) return null;
  try {
    return new Products(memory, arena.allocator);
  } catch {
    return null;
  }
}
