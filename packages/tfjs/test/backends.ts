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
  : { gpuBackends: [], useGpuBackend: setBackend };

/** A backend, and who does the passes on it. */
interface Place {
  readonly name: string;
  readonly backend: string;
  readonly implementation: Implementation;
  /** Whether the wasm backend is the build with threads, whose memory is shared. Browsers only. */
  readonly threads: boolean;
}

const withAndWithoutKernels = (places: readonly Omit<Place, "implementation">[]): Place[] =>
  places.flatMap((place) =>
    (["kernels", "composed"] as const).map((implementation) => ({ ...place, implementation })),
  );

const places = withAndWithoutKernels([
  { name: "cpu", backend: "cpu", threads: false },
  { name: "wasm", backend: "wasm", threads: false },
  ...(inBrowser ? [{ name: "wasm with threads", backend: "wasm", threads: true }] : []),
]);
const graphicsPlaces = withAndWithoutKernels(
  gpuBackends.map((name) => ({ name, backend: name, threads: false })),
);

type Tests = (backend: string, implementation: Implementation) => void;

/** Runs the same tests on every backend that needs no graphics card, with kernels and without. */
export function onEachBackend(tests: Tests): void {
  on(places, tests);
}

/**
 * The same, and in browsers on those that have one as well, for tests that never wait for a tensor's
 * numbers (`dataSync`): on a program in the card's place the webgpu backend does not survive that.
 */
export function onEveryBackend(tests: Tests): void {
  on([...places, ...graphicsPlaces], tests);
}

function on(places: readonly Place[], tests: Tests): void {
  describe.each(places)("$name, $implementation", ({ backend, implementation, threads }) => {
    beforeAll(async () => {
      await setBackend("cpu");
      buildWasm(threads);
      const graphics = gpuBackends.find((name) => name === backend);
      await (graphics ? useGpuBackend(graphics) : setBackend(backend));
      await ready();
      if (backend === "wasm") requireMemory(threads);
      await init();
      useImplementation(implementation);
    });
    afterAll(async () => {
      useImplementation("auto");
      await setBackend("cpu");
    });
    tests(backend, implementation);
  });
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
