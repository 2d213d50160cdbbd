/** A `WebAssembly.Memory`, as far as it is used: types of the DOM are not everyone's. */
export interface Memory {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}

/** A WebAssembly memory and views of the whole of it, taken again once it has grown. */
export class Heap {
  readonly memory: Memory;
  #bytes: Uint8Array<ArrayBufferLike>;
  #float32: Float32Array;
  #float64: Float64Array;

  constructor(memory: Memory) {
    this.memory = memory;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#float32 = new Float32Array(memory.buffer);
    this.#float64 = new Float64Array(memory.buffer);
  }

  get bytes(): Uint8Array<ArrayBufferLike> {
    this.#follow();
    return this.#bytes;
  }

  /** Indexed by pointer / 4. */
  get float32(): Float32Array {
    this.#follow();
    return this.#float32;
  }

  /** Indexed by pointer / 8. */
  get float64(): Float64Array {
    this.#follow();
    return this.#float64;
  }

  /** The byte offset of an array that lies in this memory; −1 for any other. */
  pointerOf(array: Float32Array | Float64Array): number {
    return array.buffer === this.memory.buffer ? array.byteOffset : -1;
  }

  #follow(): void {
    const { buffer } = this.memory;
    if (this.#bytes.buffer === buffer) return;
    this.#bytes = new Uint8Array(buffer);
    this.#float32 = new Float32Array(buffer);
    this.#float64 = new Float64Array(buffer);
  }
}
