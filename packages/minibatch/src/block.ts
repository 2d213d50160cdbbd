import type { FloatArray } from "@batchnorm/core";
import { type Allocator, arena, type Memory } from "@batchnorm/kernels/memory";

/** A piece of memory, and views of it by offsets from its start. */
export interface Block {
  /** Its byte offset in the memory that it is a piece of. */
  readonly base: number;
  /** Views of all of it. Take them anew after anything was allocated: growth of the memory empties them. */
  readonly doubles: Float64Array;
  readonly words: Uint32Array;
  readonly bytes: Uint8Array;
  /** In the type of the network's values. */
  readonly values: FloatArray;
  /** Gives the memory back. Freeing twice does nothing. */
  free(): void;
}

/** A block of the arena's memory, filled with zeros; null when that is full. */
export function blockInArena(bytes: number, size: 4 | 8): Block | null {
  const { allocator, memory } = arena;
  // Views of 8-byte values take whole ones.
  const length = Math.ceil(bytes / 8) * 8;
  const base = memory ? allocator.allocate(length) : 0;
  if (!memory || base === 0) return null;
  const block = new ArenaBlock(memory, allocator, base, length, size);
  block.bytes.fill(0);
  return block;
}

/** A block of its own, for where there is no WebAssembly. */
export function plainBlock(bytes: number): Block {
  const buffer = new ArrayBuffer(Math.ceil(bytes / 8) * 8);
  const doubles = new Float64Array(buffer);
  return {
    base: 0,
    doubles,
    values: doubles,
    words: new Uint32Array(buffer),
    bytes: new Uint8Array(buffer),
    free: () => undefined,
  };
}

/** Gives back what nobody holds any more, since few dispose of what they made. */
const lost = new FinalizationRegistry<{ allocator: Allocator; base: number }>(
  ({ allocator, base }) => allocator.free(base),
);

class ArenaBlock implements Block {
  readonly base: number;
  readonly #memory: Memory;
  readonly #allocator: Allocator;
  readonly #length: number;
  readonly #size: 4 | 8;
  #views: Views;
  #freed = false;

  constructor(memory: Memory, allocator: Allocator, base: number, length: number, size: 4 | 8) {
    this.base = base;
    this.#memory = memory;
    this.#allocator = allocator;
    this.#length = length;
    this.#size = size;
    this.#views = viewsOf(memory, base, length, size);
    lost.register(this, { allocator, base }, this);
  }

  get doubles(): Float64Array {
    if (this.#views.doubles.length === 0) this.#follow();
    return this.#views.doubles;
  }

  get words(): Uint32Array {
    if (this.#views.words.length === 0) this.#follow();
    return this.#views.words;
  }

  get bytes(): Uint8Array {
    if (this.#views.bytes.length === 0) this.#follow();
    return this.#views.bytes;
  }

  get values(): FloatArray {
    if (this.#views.values.length === 0) this.#follow();
    return this.#views.values;
  }

  free(): void {
    if (this.#freed) return;
    this.#freed = true;
    lost.unregister(this);
    this.#allocator.free(this.base);
  }

  /** A view of memory that has grown is empty, which costs less to see than the memory to ask. */
  #follow(): void {
    this.#views = viewsOf(this.#memory, this.base, this.#length, this.#size);
  }
}

interface Views {
  readonly doubles: Float64Array;
  readonly words: Uint32Array;
  readonly bytes: Uint8Array;
  readonly values: FloatArray;
}

function viewsOf({ buffer }: Memory, base: number, length: number, size: 4 | 8): Views {
  const doubles = new Float64Array(buffer, base, length / 8);
  return {
    doubles,
    words: new Uint32Array(buffer, base, length / 4),
    bytes: new Uint8Array(buffer, base, length),
    values: size === 8 ? doubles : new Float32Array(buffer, base, length / 4),
  };
}
