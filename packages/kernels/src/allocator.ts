import type { Memory } from "./heap.ts";

/** Hands out pieces of a memory. A WebAssembly module's `malloc` and `free` are one. */
export interface Allocator {
  /** The byte offset of `bytes` free bytes, a multiple of 16; 0 when the memory cannot hold them. */
  allocate(bytes: number): number;
  free(pointer: number): void;
}

const pageSize = 65_536;
/** A cache line, which vectors should not straddle. */
const alignment = 64;
/**
 * What is added to large pieces, a third of 4 kB: a load waits for an earlier store whose address equals
 * its own in the last 12 bits, which cost a third of the time on [32, 56, 56, 64].
 */
const stagger = 21 * alignment;
const large = 65_536;
/**
 * Where the first piece may start. 0 stands for "none", and AssemblyScript's optimizer takes it that no
 * pointer lies below 1024: it moves constants into offsets, whose sums do not wrap around.
 */
const lowest = 1024;

/** A piece of memory that is free. */
interface Gap {
  start: number;
  end: number;
}

/** First fit over a list of gaps, in a memory that nobody else uses. It grows at its end. */
export class FirstFit implements Allocator {
  readonly #memory: Memory;
  /** Ordered, never adjacent. */
  readonly #gaps: Gap[];
  readonly #sizes = new Map<number, number>();

  constructor(memory: Memory) {
    this.#memory = memory;
    this.#gaps = [{ start: lowest, end: memory.buffer.byteLength }];
  }

  allocate(bytes: number): number {
    const wanted = bytes < large ? bytes : bytes + stagger;
    const size = Math.max(1, Math.ceil(wanted / alignment)) * alignment;
    let at = this.#gaps.findIndex(({ start, end }) => end - start >= size);
    if (at < 0) {
      if (!this.#grow(size)) return 0;
      at = this.#gaps.length - 1;
    }
    const gap = this.#gaps[at] as Gap;
    const pointer = gap.start;
    gap.start += size;
    if (gap.start === gap.end) this.#gaps.splice(at, 1);
    this.#sizes.set(pointer, size);
    return pointer;
  }

  free(pointer: number): void {
    const size = this.#sizes.get(pointer);
    if (size === undefined) return;
    this.#sizes.delete(pointer);
    this.#release({ start: pointer, end: pointer + size });
  }

  #release(piece: Gap): void {
    const gaps = this.#gaps;
    const next = gaps.findIndex(({ start }) => start >= piece.end);
    const at = next < 0 ? gaps.length : next;
    const [before, after] = [gaps[at - 1], gaps[at]];
    const joinsBefore = before?.end === piece.start;
    const joinsAfter = after?.start === piece.end;
    if (before && joinsBefore) {
      before.end = joinsAfter && after ? after.end : piece.end;
      if (joinsAfter) gaps.splice(at, 1);
    } else if (after && joinsAfter) {
      after.start = piece.start;
    } else {
      gaps.splice(at, 0, piece);
    }
  }

  /** Makes the last gap hold `size` bytes. */
  #grow(size: number): boolean {
    const end = this.#memory.buffer.byteLength;
    const last = this.#gaps.at(-1);
    const free = last && last.end === end ? end - last.start : 0;
    try {
      this.#memory.grow(Math.ceil((size - free) / pageSize));
    } catch {
      return false;
    }
    this.#release({ start: end, end: this.#memory.buffer.byteLength });
    return true;
  }
}
