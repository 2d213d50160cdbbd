import { type Backend, useBackend } from "@batchnorm/kernels";
import { afterAll, beforeAll, describe } from "vitest";

/** Describes the same facts of the engine in WebAssembly and of that in TypeScript, each forced. */
export function onEachBackend(facts: (backend: Backend) => void): void {
  describe.each<Backend>(["simd", "core"])("on %s", (backend) => {
    beforeAll(() => useBackend(backend));
    afterAll(() => useBackend("auto"));
    facts(backend);
  });
}
