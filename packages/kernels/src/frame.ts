import type { Allocator } from "./allocator.ts";

/**
 * What the passes over one tensor share, in a memory: arrays of one value per channel, where
 * assembly/frame.ts says. Positions are indices of float64.
 */
export class Frame {
  readonly #allocator: Allocator;
  #pointer = 0;
  #size = 0;
  #channels = 0;

  constructor(allocator: Allocator) {
    this.#allocator = allocator;
  }

  /** Takes on a number of channels; false, unless there is room for `size` bytes already. */
  holds(channels: number, size: number): boolean {
    this.#channels = (channels + 3) & ~3;
    return size <= this.#size;
  }

  /** {@link Frame.holds}, once it has made room; false when the memory is full. */
  fit(channels: number, size: number): boolean {
    if (this.holds(channels, size)) return true;
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

  get pointer(): number {
    return this.#pointer;
  }
  get mean(): number {
    return this.#at(0);
  }
  /** M2 or variance. */
  get spread(): number {
    return this.#at(1);
  }
  get gamma(): number {
    return this.#at(2);
  }
  get beta(): number {
    return this.#at(3);
  }
  get dbeta(): number {
    return this.#at(5);
  }
  get dgamma(): number {
    return this.#at(6);
  }

  /** Integers for V8, which no quotient is: all that is computed with it goes faster. */
  #at(field: number): number {
    return (this.#pointer >>> 3) + field * this.#channels;
  }
}
