import * as core from "@batchnorm/core";
import { afterEach, describe, expect, test, vi } from "vitest";

const layout = { outer: 8, channels: 3, inner: 1 };
const x = Float32Array.from({ length: 24 }, (_, i) => i % 7);

/** The package as a page that has just loaded it sees it. */
async function freshly(): Promise<typeof import("@batchnorm/kernels")> {
  vi.resetModules();
  return await import("@batchnorm/kernels");
}

/** Of another copy of the class, which the fresh modules have: known by its code. */
const refusal = (code: core.BatchNormErrorCode) => expect.objectContaining({ code });

afterEach(() => vi.unstubAllGlobals());

describe("backend()", () => {
  test("is simd here, can be forced, and told again", async () => {
    const { backend, useBackend } = await freshly();
    expect(backend()).toBe("simd");
    useBackend("core");
    expect(backend()).toBe("core");
    useBackend("auto");
    expect(backend()).toBe("simd");
  });

  test("an unknown one is refused", async () => {
    const { backend, useBackend } = await freshly();
    expect(() => useBackend("gpu" as "simd")).toThrow(refusal("ERR_BATCHNORM_OPTION"));
    expect(backend()).toBe("simd");
  });

  test("is core where a content security policy forbids to compile, and everything works", async () => {
    vi.stubGlobal("WebAssembly", {
      ...WebAssembly,
      Memory: WebAssembly.Memory,
      Module: class {
        constructor() {
          throw new WebAssembly.CompileError("Wasm code generation disallowed by embedder");
        }
      },
      compile: () => Promise.reject(new WebAssembly.CompileError("disallowed")),
    });
    const { arena, backend, forwardTraining, init, useBackend } = await freshly();
    expect(backend()).toBe("core");
    expect(await init()).toBe("core");
    expect(() => useBackend("simd")).toThrow(refusal("ERR_BATCHNORM_UNSUPPORTED"));
    const tensor = arena.float32(24);
    tensor.array.set(x);
    const { y } = forwardTraining(tensor.array, layout, { epsilon: 1e-5 });
    expect(y).toEqual(core.forwardTraining(x, layout, { epsilon: 1e-5 }).y);
  });

  test("is core without WebAssembly, where tensors are plain arrays", async () => {
    vi.stubGlobal("WebAssembly", undefined);
    const { arena, backend, forwardTraining, init, releaseScratch } = await freshly();
    expect(backend()).toBe("core");
    expect(await init()).toBe("core");
    const tensor = arena.float32(24);
    tensor.array.set(x);
    expect(tensor.length).toBe(24);
    expect(forwardTraining(tensor.array, layout, { epsilon: 1e-5 }).y.length).toBe(24);
    releaseScratch();
    tensor.free();
    expect(() => tensor.array).toThrow(refusal("ERR_BATCHNORM_DISPOSED"));
  });

  test("is core until init() has compiled, where the main thread may not compile at once", async () => {
    const { Memory, Instance, compile } = WebAssembly;
    vi.stubGlobal("WebAssembly", {
      Memory,
      Instance,
      compile,
      Module: class {
        constructor() {
          throw new RangeError("WebAssembly.Compile is disallowed on the main thread");
        }
      },
    });
    const { backend, computeMoments, init } = await freshly();
    expect(backend()).toBe("core");
    expect(await init()).toBe("simd");
    expect(backend()).toBe("simd");
    const { mean } = core.computeMoments(x, layout);
    for (const [c, value] of computeMoments(x, layout).mean.entries()) {
      expect(value).toBeCloseTo(mean[c] as number, 6);
    }
  });
});
