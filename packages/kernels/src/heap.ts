/** A `WebAssembly.Memory`, as far as it is used: types of the DOM are not everyone's. */
export interface Memory {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}

/** A WebAssembly memory and views of the whole of it. */
export class Heap {
  readonly memory: Memory;
  #buffer: ArrayBufferLike;
  #float32: Float32Array;
  #float64: Float64Array;

  constructor(memory: Memory) {
    this.memory = memory;
    this.#buffer = memory.buffer;
    this.#float32 = new Float32Array(this.#buffer);
    this.#float64 = new Float64Array(this.#buffer);
  }

  /**
   * Takes the views anew if the memory has grown, which empties the old ones. To be called before they
   * are used and after anything was allocated; each use would cost more than many a small pass has to give.
   */
  follow(): void {
    const { buffer } = this.memory;
    if (this.#buffer === buffer) return;
    this.#buffer = buffer;
    this.#float32 = new Float32Array(buffer);
    this.#float64 = new Float64Array(buffer);
  }

  get buffer(): ArrayBufferLike {
    return this.#buffer;
  }

  /** Indexed by pointer / 4. */
  get float32(): Float32Array {
    return this.#float32;
  }

  /** Indexed by pointer / 8. */
  get float64(): Float64Array {
    return this.#float64;
  }

  /** A view of so many floats at a pointer, of 4 or 8 bytes each. */
  floats(pointer: number, length: number, size: number): Float32Array | Float64Array {
    const Floats = size === 8 ? Float64Array : Float32Array;
    return new Floats(this.#buffer as ArrayBuffer, pointer, length);
  }

  /** The byte offset of an array that lies in this memory; −1 for any other. */
  pointerOf(array: Float32Array | Float64Array): number {
    return array.buffer === this.#buffer ? array.byteOffset : -1;
  }
}
