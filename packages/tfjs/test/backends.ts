/// <reference types="vite/client" />
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import { type Implementation, init, useImplementation } from "@batchnorm/tfjs/core";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import {
  backend,
  env,
  findBackendFactory,
  ready,
  registerBackend,
  removeBackend,
  setBackend,
} from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe } from "vitest";
import type { GpuBackend } from "./gpu-backends.ts";

if (typeof process === "object" && process.versions?.node) {
  const { createRequire } = await import("node:module");
  const resolve = createRequire(import.meta.url).resolve;
  setWasmPaths(resolve("@tensorflow/tfjs-backend-wasm").replace(/[^/\\]*$/, ""));
} else {
  const { default: plain } = await import(
    "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url"
  );
  const { default: simd } = await import(
    "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url"
  );
  const { default: threaded } = await import(
    "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url"
  );
  setWasmPaths({
    "tfjs-backend-wasm.wasm": plain,
    "tfjs-backend-wasm-simd.wasm": simd,
    "tfjs-backend-wasm-threaded-simd.wasm": threaded,
  });
}

const inBrowser = typeof window !== "undefined";
// TF.js's two need a browser to be imported.
const { gpuBackends, useGpuBackend } = inBrowser
  ? await import("./gpu-backends.ts")
  : { gpuBackends: [] as readonly string[], useGpuBackend: setBackend };

/** A backend, and who does the passes on it. */
interface Place {
  readonly name: string;
  readonly backend: string;
  readonly implementation: Implementation;
  /** Whether the wasm backend is the build with threads, whose memory is shared. Browsers only. */
  readonly threads: boolean;
}

const places: Place[] = [
  { name: "cpu", backend: "cpu", threads: false },
  { name: "wasm", backend: "wasm", threads: false },
  ...(inBrowser
    ? [
        { name: "webgl", backend: "webgl", threads: false },
        { name: "webgpu", backend: "webgpu", threads: false },
      ]
    : []),
].flatMap((place) =>
  (["kernels", "composed"] as const).map((implementation) => ({ ...place, implementation })),
);

/**
 * Runs the same tests on every backend, with kernels and without.
 *
 * @param reads - Whether they read a tensor while they wait for it (`dataSync`): without a graphics card
 * the webgpu backend does not survive that, and is left out.
 */
export function onEachBackend(
  tests: (backend: string, implementation: Implementation) => void,
  { reads = true } = {},
): void {
  describe.each(places.filter(({ backend }) => !(reads && backend === "webgpu")))(
    "$name, $implementation",
    (place) => {
      beforeAll(async () => {
        await setBackend("cpu");
        buildWasm(place.threads);
        if ((gpuBackends as readonly string[]).includes(place.backend))
          await useGpuBackend(place.backend as GpuBackend);
        else await setBackend(place.backend);
        await ready();
        if (place.backend === "wasm") requireMemory(place.threads);
        await init();
        useImplementation(place.implementation);
      });
      afterAll(async () => {
        useImplementation("auto");
        await setBackend("cpu");
      });
      tests(place.backend, place.implementation);
    },
  );
}

/** Has the wasm backend start anew, in one build or the other. */
function buildWasm(threads: boolean): void {
  env().set("WASM_HAS_MULTITHREAD_SUPPORT", threads);
  const factory = findBackendFactory("wasm");
  removeBackend("wasm");
  registerBackend("wasm", factory, 2);
}

function requireMemory(shared: boolean): void {
  const { wasm } = backend() as unknown as { wasm: { HEAPU8: Uint8Array } };
  const found = wasm.HEAPU8.buffer.constructor.name;
  const wanted = shared ? "SharedArrayBuffer" : "ArrayBuffer";
  if (found !== wanted) throw new Error(`the wasm backend has a ${found}, not a ${wanted}`);
}
