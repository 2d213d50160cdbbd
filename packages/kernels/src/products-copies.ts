import type { FloatArray } from "@batchnorm/core";
import type { Allocator } from "./allocator.ts";
import { Heap, type Memory } from "./heap.ts";
import { Piece } from "./piece.ts";

/** Where copies start, so that vectors do not straddle cache lines. */
const alignment = 64;

/**
 * A piece of a memory that plain arrays are copied through. A call says how much it needs, lays its arrays
 * down one behind the other, the result first, and takes the result out.
 */
export class Copies {
  readonly heap: Heap;
  readonly #piece: Piece;
  #used = 0;

  constructor(memory: Memory, allocator: Allocator) {
    this.heap = new Heap(memory);
    this.#piece = new Piece(allocator);
  }

  /** The room that an array will take: none where it lies in the memory already. */
  sizeOf(array: FloatArray | null): number {
    return array && this.heap.pointerOf(array) < 0 ? aligned(array.byteLength) : 0;
  }

  /** Starts anew with that much room, which may grow the memory; false when it is full. */
  fit(size: number): boolean {
    this.#used = 0;
    return this.#piece.fit(size);
  }

  release(): void {
    this.#piece.release();
  }

  /** Room for an array's values. */
  place(array: FloatArray): number {
    const pointer = this.#piece.pointer + this.#used;
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
    if (array.BYTES_PER_ELEMENT === 4) this.heap.float32.set(array, pointer >>> 2);
    else this.heap.float64.set(array, pointer >>> 3);
  }

  /** Copies to an array what is in the first place. */
  read(array: FloatArray): void {
    const { float32, float64 } = this.heap;
    const wide = array.BYTES_PER_ELEMENT === 8;
    const at = this.#piece.pointer >>> (wide ? 3 : 2);
    array.set((wide ? float64 : float32).subarray(at, at + array.length));
  }
}

const aligned = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;
