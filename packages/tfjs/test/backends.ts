/// <reference types="vite/client" />
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
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

/** Runs the same tests on every backend that needs no graphics card. */
export function onEachBackend(tests: (backend: string) => void): void {
  describe.each(["cpu", "wasm"])("%s", (backend) => {
    beforeAll(async () => {
      await setBackend(backend);
      await ready();
    });
    afterAll(() => setBackend("cpu"));
    tests(backend);
  });
}
