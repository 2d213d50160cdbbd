import { join } from "node:path";
import { buildC, findPyTorch, installFromNpm } from "./install-peers.ts";
import { channelsFirst, type Shape } from "./shapes.ts";
import type { Command } from "./subject-process.ts";

/** A subject of the kernels suite. */
export interface Subject {
  readonly name: string;
  /** How to start its worker, after bringing what it needs. */
  command(say: (text: string) => void): Command;
  /** The shape in the only order that it knows, if that is another one. */
  readonly view?: (shape: Shape) => Shape;
}

/** A worker of ours, run by the Node that runs this, from the packages' sources. */
export function nodeWorker(path: string, ...args: readonly string[]): Command & { args: string[] } {
  const script = join(import.meta.dirname, path);
  return { file: process.execPath, args: ["--conditions=@batchnorm/source", script, ...args] };
}

/**
 * glibc gives large blocks back to the system at once, and PyTorch allocates its outputs anew: its
 * times would be those of page faults, and two-peaked.
 */
const keepMemory = {
  MALLOC_MMAP_THRESHOLD_: "2000000000",
  MALLOC_TRIM_THRESHOLD_: "2000000000",
  MALLOC_TOP_PAD_: "268435456",
};

const ofNpm = (name: string, path: string, ...args: readonly string[]): Subject => ({
  name,
  command(say) {
    installFromNpm(say);
    return nodeWorker(path, ...args);
  },
});

/** In the order of the table's columns. */
export const subjects: readonly Subject[] = [
  { name: "ours", command: () => nodeWorker("workers/ours.ts") },
  { name: "ours-copy", command: () => nodeWorker("workers/ours-copy.ts") },
  { name: "core", command: () => nodeWorker("workers/core.ts") },
  { name: "c-avx2", command: () => ({ file: buildC(), args: [] }) },
  {
    name: "pytorch",
    command: (say) => ({
      file: findPyTorch(say),
      args: [join(import.meta.dirname, "peers/pytorch.py")],
      env: keepMemory,
    }),
  },
  { ...ofNpm("onnxruntime", "peers/onnxruntime.ts"), view: channelsFirst },
  ofNpm("tfjs-wasm", "peers/tfjs.ts", "wasm"),
  ofNpm("tfjs-cpu", "peers/tfjs.ts", "cpu"),
];
