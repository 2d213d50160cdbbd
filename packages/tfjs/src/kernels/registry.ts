import { refuse } from "@batchnorm/core";
import { init as initKernels } from "@batchnorm/kernels";
import {
  backend,
  engine,
  getBackend,
  getKernel,
  type NamedAttrMap,
  type NamedTensorMap,
  ready,
  registerKernel,
  type Tensor,
} from "@tensorflow/tfjs-core";
import { cpu } from "./cpu.ts";
import { type BackendKernels, configsOf, type KernelName } from "./kernel.ts";
import { wasm } from "./wasm.ts";

/** Who does the passes: kernels made for the backend, or ops that every backend has. */
export type Implementation = "kernels" | "composed";

/** The kernels of each backend that are here from the start. */
const present: Record<string, BackendKernels> = { cpu, wasm };

/** Those that are fetched once their backend is in use: `name: () => import("./name/index.ts")`. */
const loaders: Record<string, () => Promise<BackendKernels>> = {
  webgl: async () => (await import("./webgl/index.ts")).webgl,
  webgpu: async () => (await import("./webgpu/index.ts")).webgpu,
};

const loads: Record<string, Promise<void> | undefined> = {};
const suited = new WeakMap<object, boolean>();
let choice: Implementation | "auto" = "auto";

/**
 * Fetches and compiles what the current backend's kernels need. Nobody has to wait for it: until then
 * composed ops run, or core's functions.
 */
export async function init(): Promise<Implementation> {
  await ready();
  await Promise.all([initKernels(), load(getBackend())]);
  return implementation();
}

/** What does the passes on the current backend now. */
export function implementation(): Implementation {
  return choice !== "composed" && hasKernels() ? "kernels" : "composed";
}

/**
 * Settles what does the passes from now on: `"composed"` to compare or to rule something out, `"auto"`
 * for kernels where the backend has them, as at first.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` for `"kernels"` where the current backend has none;
 * `ERR_BATCHNORM_OPTION` for anything else.
 */
export function useImplementation(wanted: Implementation | "auto"): void {
  if (wanted !== "kernels" && wanted !== "composed" && wanted !== "auto") {
    refuse("ERR_BATCHNORM_OPTION", "implementation must be kernels, composed or auto", wanted);
  }
  if (wanted === "kernels" && !hasKernels()) {
    const rule = "implementation kernels must have a backend with kernels, loaded by init()";
    refuse("ERR_BATCHNORM_UNSUPPORTED", rule, getBackend());
  }
  choice = wanted;
}

/** Runs a kernel of the current backend; null where composed ops are to do it. */
export function runKernel(
  name: KernelName,
  inputs: Record<string, Tensor | null>,
  attributes: NamedAttrMap,
): Tensor[] | null {
  if (implementation() === "composed" || !getKernel(name, getBackend())) return null;
  const given: NamedTensorMap = {};
  for (const input in inputs) {
    const tensor = inputs[input];
    if (tensor) given[input] = tensor;
  }
  return engine().runKernel(name, given, attributes);
}

/** Whether the current backend has our kernels and is such as they expect; registers them if so. */
function hasKernels(): boolean {
  const name = getBackend();
  const found = present[name];
  if (!found) {
    // A step does not wait for them.
    void load(name);
    return false;
  }
  const current = backend();
  const known = suited.get(current);
  if (known !== undefined) return known;
  const runs = typeof engine().runKernel === "function";
  const suits = runs && found.suits(current);
  suited.set(current, suits);
  if (suits) register(name, found);
  return suits;
}

/** Another copy of this module may have been there before. */
function register(name: string, { functions }: BackendKernels): void {
  for (const config of configsOf(name, functions)) {
    if (!getKernel(config.kernelName, config.backendName)) registerKernel(config);
  }
}

/** Fetches the kernels of a backend, once; where that fails, composed ops stay. */
function load(name: string): Promise<void> | undefined {
  loads[name] ??= loaders[name]?.().then(
    (kernels) => {
      present[name] = kernels;
    },
    () => {},
  );
  return loads[name];
}
