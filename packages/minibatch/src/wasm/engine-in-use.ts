import { arena, chosenBackend, WasmModule } from "@batchnorm/kernels/memory";
import { engine } from "../generated/engine.ts";

/** What assembly/engine.ts exports. `net`, `x`, `y` and `course` are pointers. */
export interface EngineExports {
  prepare32(net: number): void;
  prepare64(net: number): void;
  step32(net: number, x: number, y: number, count: number): number;
  step64(net: number, x: number, y: number, count: number): number;
  run32(net: number, x: number, y: number, course: number): number;
  run64(net: number, x: number, y: number, course: number): number;
  infer32(net: number, count: number, stop: number): void;
  infer64(net: number, count: number, stop: number): void;
  differentiate32(net: number, count: number, upstream: boolean): number;
  differentiate64(net: number, count: number, upstream: boolean): number;
}

const engineModule: WasmModule = /* @__PURE__ */ new WasmModule(engine);

/** Undefined until somebody asks; null where WebAssembly is refused. */
let loaded: EngineExports | null | undefined;

/** The engine on the arena's memory; null where it cannot run, or `useBackend` of the kernels wants none. */
export function engineInUse(): EngineExports | null {
  if (chosenBackend() === "core") return null;
  if (loaded === undefined) loaded = instantiate();
  return loaded;
}

/**
 * Compiles without blocking, for browsers whose main thread does not compile a module of this size at
 * once. Networks made before compute in TypeScript there, and go on to.
 *
 * @returns whether WebAssembly computes from now on.
 */
export async function init(): Promise<boolean> {
  try {
    await engineModule.compile();
    loaded ??= instantiate();
  } catch {
    loaded = null; // WebAssembly is missing, or forbidden.
  }
  return engineInUse() !== null;
}

function instantiate(): EngineExports | null {
  const { memory } = arena;
  if (!memory) return null;
  try {
    return engineModule.instantiate<EngineExports>(memory);
  } catch {
    return null;
  }
}
