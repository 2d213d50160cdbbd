import type { Allocator } from "./allocator.ts";

/** A piece of a memory that is kept from call to call, and replaced by a larger one when that is asked for. */
export class Piece {
  readonly #allocator: Allocator;
  #pointer = 0;
  #size = 0;

  constructor(allocator: Allocator) {
    this.#allocator = allocator;
  }

  /** Its byte offset; 0 as long as there is none. */
  get pointer(): number {
    return this.#pointer;
  }

  /** In bytes. */
  get size(): number {
    return this.#size;
  }

  /** Makes room, which may grow the memory and lose what was there; false when the memory is full. */
  fit(size: number): boolean {
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
}
