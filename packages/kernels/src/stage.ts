import { type FloatArray, type Layout, sizeOf } from "@batchnorm/core";
import type { Allocator } from "./allocator.ts";
import { arena } from "./arena.ts";
import { kernelsInUse } from "./backend.ts";
import type { Kernels } from "./kernels.ts";
import { Piece } from "./piece.ts";
import { locate, revive } from "./revive.ts";

/**
 * The kernels, and where the large tensors of a pass lie: in the kernels' memory already, or copied to a
 * piece of it that is kept. There is one, since passes run one after the other: where each tensor lies is
 * asked once a pass, which is a good part of what a small one costs.
 */
export class Stage {
  readonly kernels: Kernels;
  readonly #copies: { readonly x: Piece; readonly dy: Piece; readonly out: Piece };
  /** Pointers of tensors that lie in the memory; −1 for others and for none. */
  #x = -1;
  #dy = -1;
  #out = -1;
  /** What a tensor takes, in bytes. */
  #bytes = 0;
  #hasDy = false;
  #hasOut = false;

  constructor(kernels: Kernels, allocator: Allocator) {
    this.kernels = kernels;
    this.#copies = { x: new Piece(allocator), dy: new Piece(allocator), out: new Piece(allocator) };
  }

  /** Takes on the tensors of a pass. */
  set(x: FloatArray, dy: FloatArray | null, out: FloatArray | undefined | null): void {
    const { heap } = this.kernels;
    heap.follow();
    this.#x = heap.pointerOf(x);
    this.#dy = dy ? heap.pointerOf(dy) : -1;
    this.#out = out ? heap.pointerOf(out) : -1;
    this.#hasDy = dy !== null;
    this.#hasOut = out !== null;
    this.#bytes = x.byteLength;
  }

  /** Whether the pass can do without growth of the memory, which would empty the caller's views. */
  hasRoom(layout: Layout): boolean {
    const { x, dy, out } = this.#copies;
    return (
      this.kernels.fits(layout) &&
      this.#sizeOfX() <= x.size &&
      this.#sizeOfDy() <= dy.size &&
      this.#sizeOfOut() <= out.size
    );
  }

  /**
   * Grows the memory to what the pass needs and starts the pass again, with fresh views of what lay in the
   * memory already; or lets core do it where the memory cannot grow.
   */
  grow<A extends unknown[], R>(
    layout: Layout,
    args: A,
    pass: (...args: A) => R,
    core: (...args: A) => R,
  ): R {
    const { heap } = this.kernels;
    const { x, dy, out } = this.#copies;
    const places = locate(heap, args);
    const enough =
      this.kernels.reserve(layout) &&
      x.fit(this.#sizeOfX()) &&
      dy.fit(this.#sizeOfDy()) &&
      out.fit(this.#sizeOfOut());
    heap.follow();
    return (enough ? pass : core)(...revive(heap, args, places));
  }

  /** x's pointer: where it is, or where it is copied to now. */
  enterX(x: FloatArray): number {
    return this.#x >= 0 ? this.#x : this.#enter(x, this.#copies.x);
  }

  /** The same of dy. */
  enterDy(dy: FloatArray): number {
    return this.#dy >= 0 ? this.#dy : this.#enter(dy, this.#copies.dy);
  }

  /** Where the result is written to: its own place, over the copy of the input, or a copy's place. */
  get target(): number {
    if (this.#out >= 0) return this.#out;
    const { x, dy, out } = this.#copies;
    const input = this.#hasDy ? this.#dy : this.#x;
    return (input >= 0 ? out : this.#hasDy ? dy : x).pointer;
  }

  /** Copies the result out, unless it is in its place. */
  deliver(result: FloatArray): void {
    if (this.#out >= 0) return;
    const at = this.target >>> 2;
    result.set(this.kernels.heap.float32.subarray(at, at + result.length));
  }

  release(): void {
    for (const piece of Object.values(this.#copies)) piece.release();
    this.kernels.frame.release();
  }

  #enter(tensor: FloatArray, { pointer }: Piece): number {
    this.kernels.heap.float32.set(tensor, pointer >>> 2);
    return pointer;
  }

  #sizeOfX(): number {
    return this.#x < 0 ? this.#bytes : 0;
  }

  #sizeOfDy(): number {
    return this.#hasDy && this.#dy < 0 ? this.#bytes : 0;
  }

  /** A result goes over the copy of an input, if there is one. */
  #sizeOfOut(): number {
    const resident = this.#hasDy ? this.#dy >= 0 : this.#x >= 0;
    return this.#hasOut && this.#out < 0 && resident ? this.#bytes : 0;
  }
}

let stage: Stage | undefined;

/**
 * The stage, with the tensors of a pass on it; null where core is to do the pass: other types than
 * float32, nothing to compute, input that core refuses, no WebAssembly.
 *
 * @param dy - Null of a forward pass.
 * @param out - Where the result goes; undefined where the pass makes it, null where there is none.
 */
export function stageFor(
  layout: Layout,
  x: FloatArray,
  dy: FloatArray | null,
  out: FloatArray | undefined | null,
): Stage | null {
  const size = sizeOf(layout);
  const { outer, channels, inner } = layout;
  if (!(outer > 0 && channels > 0 && inner > 0 && Number.isSafeInteger(size))) return null;
  if (!(suits(x, size) && (!dy || suits(dy, size)) && (!out || suits(out, size)))) return null;
  const kernels = kernelsInUse();
  if (!kernels) return null;
  stage ??= new Stage(kernels, arena.allocator);
  stage.set(x, dy, out);
  return stage;
}

/** Gives back the memory that passes copied plain arrays through. */
export const releasePassCopies = (): void => stage?.release();

/** A float32 array of another realm goes to core, at core's speed. */
const suits = (tensor: FloatArray, size: number): boolean =>
  tensor instanceof Float32Array && tensor.length === size;
