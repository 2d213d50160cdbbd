import type { Allocator } from "./allocator.ts";
import type { Heap } from "./heap.ts";

/** A piece of a memory that a plain array is copied through. It is kept for the next call. */
export class Scratch {
  #pointer = 0;
  #length = 0;
  #view: Float32Array = new Float32Array(0);

  get pointer(): number {
    return this.#pointer;
  }

  /** In float32. */
  get length(): number {
    return this.#length;
  }

  /** Makes room; false when the memory is full. */
  fit(allocator: Allocator, length: number): boolean {
    if (length <= this.#length) return true;
    this.release(allocator);
    this.#pointer = allocator.allocate(length * 4);
    this.#length = this.#pointer === 0 ? 0 : length;
    return this.#pointer !== 0;
  }

  /** The values at its start. The same object as long as it can be: making one costs. */
  view({ buffer }: Heap, length: number): Float32Array {
    const { buffer: last, byteOffset, length: known } = this.#view;
    if (last !== buffer || byteOffset !== this.#pointer || known !== length) {
      this.#view = new Float32Array(buffer, this.#pointer, length);
    }
    return this.#view;
  }

  release(allocator: Allocator): void {
    if (this.#pointer !== 0) allocator.free(this.#pointer);
    this.#pointer = 0;
    this.#length = 0;
  }
}
