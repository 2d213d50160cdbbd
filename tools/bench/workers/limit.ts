// The least that a kernel must do: bytes read, copied and combined, on tensors of the shape's size.
import { join, relative } from "node:path";
import { sizeOf } from "@batchnorm/core";
import { compileAssembly } from "../compile-assembly.ts";
import { peakRounds } from "../peak.ts";
import { activations, gradient } from "../sample-data.ts";
import { serve } from "../worker.ts";

interface Probes {
  read(x: number, bytes: number): number;
  copy(x: number, y: number, bytes: number): void;
  triad(x: number, y: number, z: number, factor: number, bytes: number): void;
  peakF32(iterations: number, a: number, b: number): number;
  peakF64(iterations: number, a: number, b: number): number;
}

const memory = new WebAssembly.Memory({ initial: 1 });
const probes = Object.assign({}, ...(await Promise.all(["limit", "peak"].map(load)))) as Probes;

async function load(name: string): Promise<WebAssembly.Exports> {
  const file = relative(process.cwd(), join(import.meta.dirname, `../assembly/${name}.ts`));
  const module = await compileAssembly(file);
  return new WebAssembly.Instance(module, { env: { memory } }).exports;
}

/** A page for what the compiler puts in memory; the tensors come after it. */
const page = 65_536;
/**
 * Apart from the sizes, a third of 4 kB between tensors: a store whose address equals a later load's in
 * the last 12 bits holds that load up, and tensors of 2ⁿ bytes would do so all the time.
 */
const stagger = 1344;

/** Where three tensors of so many bytes lie. */
function place(bytes: number): [x: number, y: number, z: number] {
  const apart = Math.ceil(bytes / 64) * 64 + stagger;
  const missing = page + 3 * apart - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / page));
  return [page, page + apart, page + 2 * apart];
}

await serve("WASM: read, copy, triad", (request) => {
  const length = sizeOf(request);
  const bytes = length * Float32Array.BYTES_PER_ELEMENT;
  const [x, y, z] = place(bytes);
  new Float32Array(memory.buffer, x, length).set(activations(length));
  new Float32Array(memory.buffer, y, length).set(gradient(length));
  // One after the other, as a pass goes over its tensors, so that the caches are as it finds them: a tensor
  // that is only ever read may stay in a cache that the pass itself overwrites.
  const forward = (): void => {
    probes.read(x, bytes);
    probes.copy(x, z, bytes);
  };
  const backward = (): void => {
    probes.read(x, bytes);
    probes.read(y, bytes);
    probes.triad(x, y, z, 1.5, bytes);
  };
  switch (request.op) {
    case "forward":
      return { run: forward };
    case "inference":
      return { run: () => probes.copy(x, z, bytes) };
    case "backward":
      return { run: backward };
    case "forward+backward":
      return {
        run() {
          forward();
          backward();
        },
      };
    case "peak-f32":
      return { run: () => probes.peakF32(peakRounds, 0.5, 1) };
    case "peak-f64":
      return { run: () => probes.peakF64(peakRounds, 0.5, 1) };
    default:
      return `no probe is called ${request.op}`;
  }
});
