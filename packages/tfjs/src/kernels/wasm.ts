import { passes as corePasses } from "@batchnorm/core";
import { Kernels, type Memory, passesOn } from "@batchnorm/kernels";
import { type DataId, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { type Host, openEach } from "./host.ts";
import { hostKernels } from "./host-kernels.ts";
import type { BackendKernels } from "./kernel.ts";

/** TensorFlow.js's wasm backend, as far as it is used. */
interface WasmBackend {
  readonly dataIdMap: { get(id: DataId): { readonly memoryOffset: number } };
  readonly wasm: {
    /** Where the build with threads has its memory; the others have it in `asm`. */
    readonly wasmMemory?: Memory;
    readonly asm?: { readonly memory?: Memory };
    _malloc(bytes: number): number;
    _free(pointer: number): void;
  };
  makeOutput(shape: readonly number[], dtype: "float32"): TensorInfo;
  disposeData(id: DataId): unknown;
}

/** One to each backend, which a program may remove and start again on another memory. */
const hosts = new WeakMap<WasmBackend, Host>();

function hostOf(backend: WasmBackend): Host {
  const known = hosts.get(backend);
  if (known) return known;
  const host = makeHost(backend, memoryOf(backend) as Memory);
  hosts.set(backend, host);
  return host;
}

/** Its tensors are worked on where they lie; what the kernels need besides comes from its `malloc`. */
function makeHost(backend: WasmBackend, memory: Memory): Host {
  const kernels = kernelsOn(memory, backend);
  const pointerOf = ({ dataId }: TensorInfo): number => backend.dataIdMap.get(dataId).memoryOffset;
  return {
    passes: kernels ? passesOn(kernels) : corePasses,
    make: (shape) => backend.makeOutput([...shape], "float32"),
    dispose: ({ dataId }) => void backend.disposeData(dataId),
    open(tensors, layout) {
      // To ask for a tensor of another backend brings it here, which allocates: so all are asked for first.
      for (const name in tensors) if (tensors[name]) pointerOf(tensors[name]);
      kernels?.reserve(layout);
      const buffer = memory.buffer as ArrayBuffer;
      return openEach(
        tensors,
        (tensor) => new Float32Array(buffer, pointerOf(tensor), util.sizeFromShape(tensor.shape)),
      );
    },
  };
}

/** Null where SIMD is missing or nothing may be compiled: core's functions work on the same memory. */
function kernelsOn(memory: Memory, { wasm }: WasmBackend): Kernels | null {
  try {
    return new Kernels(memory, {
      // Above 2 GB a pointer comes as a negative number.
      allocate: (bytes) => wasm._malloc(bytes) >>> 0,
      free: (pointer) => wasm._free(pointer),
    });
  } catch {
    return null;
  }
}

const memoryOf = ({ wasm }: Partial<WasmBackend>): Memory | undefined =>
  wasm?.wasmMemory ?? wasm?.asm?.memory;

export const wasm: BackendKernels = {
  functions: hostKernels((backend) => hostOf(backend as WasmBackend)),
  suits(backend) {
    const { dataIdMap, wasm, makeOutput, disposeData } = backend as Partial<WasmBackend>;
    const functions = [dataIdMap?.get, wasm?._malloc, wasm?._free, makeOutput, disposeData];
    return (
      functions.every((each) => typeof each === "function") &&
      memoryOf(backend as Partial<WasmBackend>)?.buffer !== undefined
    );
  },
};
