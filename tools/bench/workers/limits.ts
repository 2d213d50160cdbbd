import { loadAssembly } from "../load-assembly.ts";

/**
 * The least that a pass must do: its bytes read, copied and combined, one after the other, so that caches are
 * as the pass finds them. On its own tensors, since where memory happens to lie makes a tenth of its speed.
 */
export interface Limits {
  forward(x: Float32Array, y: Float32Array): void;
  inference(x: Float32Array, y: Float32Array): void;
  backward(dy: Float32Array, x: Float32Array, dx: Float32Array): void;
}

interface Probes {
  read(x: number, bytes: number): number;
  copy(x: number, y: number, bytes: number): void;
  triad(x: number, y: number, z: number, factor: number, bytes: number): void;
}

/** For tensors that lie in this memory. */
export async function limitsIn(memory: WebAssembly.Memory): Promise<Limits> {
  const { read, copy, triad } = await loadAssembly<Probes>("limit", memory);
  return {
    forward(x, y) {
      read(x.byteOffset, x.byteLength);
      copy(x.byteOffset, y.byteOffset, x.byteLength);
    },
    inference(x, y) {
      copy(x.byteOffset, y.byteOffset, x.byteLength);
    },
    backward(dy, x, dx) {
      read(x.byteOffset, x.byteLength);
      read(dy.byteOffset, dy.byteLength);
      triad(x.byteOffset, dy.byteOffset, dx.byteOffset, 1.5, dx.byteLength);
    },
  };
}
