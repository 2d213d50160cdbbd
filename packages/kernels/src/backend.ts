import { refuse } from "@batchnorm/core";
import { arena } from "./arena.ts";
import { Kernels, passesModule } from "./kernels.ts";

/** What computes: this package's WebAssembly, or core's TypeScript where that cannot run. */
export type Backend = "simd" | "core";

let choice: Backend | "auto" = "auto";
/** Undefined until somebody asks; null where WebAssembly is refused. */
let loaded: Kernels | null | undefined;

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
    await passesModule.compile();
    loaded ??= instantiate();
  } catch {
    loaded = null; // WebAssembly is missing, or forbidden.
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
  if (wanted === "simd" && !load()) {
    const rule = "backend simd must have WebAssembly with SIMD, allowed to compile";
    refuse("ERR_BATCHNORM_UNSUPPORTED", rule, "none");
  }
  choice = wanted;
}

/** The kernels on the arena's memory; null where core computes. */
export const kernelsInUse = (): Kernels | null => (choice === "core" ? null : load());

function load(): Kernels | null {
  if (loaded === undefined) loaded = instantiate();
  return loaded;
}

function instantiate(): Kernels | null {
  const { memory } = arena;
  if (!memory) return null;
  try {
    return new Kernels(memory, arena.allocator);
  } catch {
    return null;
  }
}
