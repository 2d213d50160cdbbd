/// <reference types="vite/client" />
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import { type Implementation, useImplementation } from "@batchnorm/tfjs/core";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { ready, setBackend } from "@tensorflow/tfjs-core";
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

/** Runs the same tests on every backend that needs no graphics card, with kernels and without. */
export function onEachBackend(
  tests: (backend: string, implementation: Implementation) => void,
): void {
  const subjects = ["cpu", "wasm"].flatMap((backend) =>
    (["kernels", "composed"] as const).map((implementation) => ({ backend, implementation })),
  );
  describe.each(subjects)("$backend, $implementation", ({ backend, implementation }) => {
    beforeAll(async () => {
      await setBackend(backend);
      await ready();
      useImplementation(implementation);
    });
    afterAll(async () => {
      useImplementation("auto");
      await setBackend("cpu");
    });
    tests(backend, implementation);
  });
}
