import type { Allocator } from "./allocator.ts";
import { Piece } from "./piece.ts";

/**
 * What the passes over one tensor share, in a memory: arrays of one value per channel, where
 * assembly/frame.ts says. Positions are indices of float64.
 */
export class Frame {
  readonly #piece: Piece;
  #channels = 0;

  constructor(allocator: Allocator) {
    this.#piece = new Piece(allocator);
  }

  /** Takes on a number of channels; false, unless there is room for `size` bytes already. */
  holds(channels: number, size: number): boolean {
    this.#channels = (channels + 3) & ~3;
    return size <= this.#piece.size;
  }

  /** {@link Frame.holds}, once it has made room; false when the memory is full. */
  fit(channels: number, size: number): boolean {
    return this.holds(channels, size) || this.#piece.fit(size);
  }

  release(): void {
    this.#piece.release();
  }

  get pointer(): number {
    return this.#piece.pointer;
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
    return (this.#piece.pointer >>> 3) + field * this.#channels;
  }
}
