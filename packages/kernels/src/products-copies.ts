import type { FloatArray } from "@batchnorm/core";
import type { Allocator } from "./allocator.ts";
import { Heap, type Memory } from "./heap.ts";

/** Where copies start, so that vectors do not straddle cache lines. */
const alignment = 64;
/** How many views are kept. */
const viewLimit = 64;

/**
 * A piece of a memory that plain arrays are copied through, kept from call to call. A call says how much
 * it needs, lays its arrays down one behind the other, the result first, and takes the result out.
 */
export class Copies {
  readonly heap: Heap;
  readonly #allocator: Allocator;
  #pointer = 0;
  #size = 0;
  #used = 0;
  /** The results' places by length: making a view costs more than a small product. */
  readonly #views = new Map<number, FloatArray>();

  constructor(memory: Memory, allocator: Allocator) {
    this.heap = new Heap(memory);
    this.#allocator = allocator;
  }

  /** The room that an array will take: none where it lies in the memory already. */
  sizeOf(array: FloatArray | null): number {
    return array && this.heap.pointerOf(array) < 0 ? aligned(array.byteLength) : 0;
  }

  /** Starts anew with that much room, which may grow the memory; false when it is full. */
  fit(size: number): boolean {
    this.#used = 0;
    if (size <= this.#size) return true;
    this.release();
    this.#pointer = this.#allocator.allocate(size);
    if (this.#pointer === 0) return false;
    this.#size = size;
    return true;
  }

  release(): void {
    if (this.#pointer !== 0) this.#allocator.free(this.#pointer);
    this.#pointer = 0;
    this.#size = 0;
  }

  /** Room for an array's values. */
  place(array: FloatArray): number {
    const pointer = this.#pointer + this.#used;
    this.#used += aligned(array.byteLength);
    return pointer;
  }

  /** A copy of an array. */
  write(array: FloatArray): number {
    const pointer = this.place(array);
    this.put(array, pointer);
    return pointer;
  }

  put(array: FloatArray, pointer: number): void {
    if (array.BYTES_PER_ELEMENT === 4) this.heap.float32.set(array, pointer / 4);
    else this.heap.float64.set(array, pointer / 8);
  }

  /** Copies to an array what is in the first place. */
  read(array: FloatArray): void {
    const { length, BYTES_PER_ELEMENT: size } = array;
    const { buffer } = this.heap;
    // Lengths of float64 arrays count as negative.
    const key = size === 4 ? length : -length;
    let view = this.#views.get(key);
    if (view === undefined || view.buffer !== buffer || view.byteOffset !== this.#pointer) {
      if (this.#views.size >= viewLimit) this.#views.clear();
      view = viewOf(buffer, this.#pointer, length, size);
      this.#views.set(key, view);
    }
    array.set(view);
  }
}

/** The floats of that size, in bytes, at a place. */
export const viewOf = (
  buffer: ArrayBufferLike,
  pointer: number,
  length: number,
  size: number,
): FloatArray =>
  size === 4
    ? new Float32Array(buffer, pointer, length)
    : new Float64Array(buffer, pointer, length);

const aligned = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;
