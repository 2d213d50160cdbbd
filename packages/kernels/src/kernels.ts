import type { FloatArray, Layout } from "@batchnorm/core";
import type { Allocator } from "./allocator.ts";
import { Frame } from "./frame.ts";
import { passes } from "./generated/passes.ts";
import { Heap, type Memory } from "./heap.ts";
import { WasmModule } from "./wasm.ts";

/** What assembly/passes.ts exports; `outer, channels, inner` is the layout. */
interface Exports {
  frameSize(channels: number, inner: number): number;
  moments(
    x: number,
    outer: number,
    channels: number,
    inner: number,
    limit: number,
    frame: number,
  ): number;
  prepare(channels: number, divisor: number, epsilon: number, frame: number): number;
  transform(
    x: number,
    y: number,
    outer: number,
    channels: number,
    inner: number,
    frame: number,
  ): void;
  sum(dy: number, x: number, outer: number, channels: number, inner: number, frame: number): void;
  prepareGradient(channels: number, m: number, frame: number): number;
  propagate(
    dy: number,
    x: number,
    dx: number,
    outer: number,
    channels: number,
    inner: number,
    frame: number,
  ): void;
  scale(
    dy: number,
    dx: number,
    outer: number,
    channels: number,
    inner: number,
    frame: number,
  ): void;
}

export const passesModule: WasmModule = /* @__PURE__ */ new WasmModule(passes);

/** Below this variance squares of differences lose digits to float32's denormals. */
const smallestVariance = 1e-37;

/**
 * The passes over float32 tensors that lie in a WebAssembly memory, the caller's own or a host
 * library's. A tensor is a pointer, its byte offset, a multiple of 4; y may be x, and dx dy or x.
 *
 * Nothing is checked: lengths and pointers are the caller's care. {@link Kernels.reserve} comes first;
 * what is per channel stands in `frame`, written by {@link Kernels.load}. Methods that return false
 * found that float32 does not carry the numbers: core's passes do it then, in float64.
 */
export class Kernels {
  readonly heap: Heap;
  readonly frame: Frame;
  readonly #exports: Exports;

  /**
   * @param memory - Plain or shared; the module keeps nothing in it but what it allocates.
   * @throws {Error} WebAssembly's own where it is missing, or lacks SIMD, or may not compile.
   */
  constructor(memory: Memory, allocator: Allocator) {
    this.#exports = passesModule.instantiate<Exports>(memory);
    this.heap = new Heap(memory);
    this.frame = new Frame(allocator);
  }

  /** The bytes of a tensor's frame. */
  frameSize({ channels, inner }: Layout): number {
    return this.#exports.frameSize(channels, inner);
  }

  /** Whether the frame has room for such a tensor. */
  fits(layout: Layout): boolean {
    return this.frame.holds(layout.channels, this.frameSize(layout));
  }

  /** Makes room for a tensor's frame, which may grow the memory; false when it is full. */
  reserve(layout: Layout): boolean {
    const enough = this.frame.fit(layout.channels, this.frameSize(layout));
    this.heap.follow();
    return enough;
  }

  /** Writes one value per channel into the frame; where there is none, `otherwise`. */
  load(at: number, values: FloatArray | null | undefined, channels: number, otherwise = 0): void {
    const { float64 } = this.heap;
    if (values) float64.set(values, at);
    else float64.fill(otherwise, at, at + channels);
  }

  /** Reads one value per channel out of the frame. */
  read(at: number, values: FloatArray): void {
    values.set(this.heap.float64.subarray(at, at + values.length));
  }

  /** Mean and M2 of every channel, into the frame; false for infinite, NaN or denormal squares. */
  moments(x: number, { outer, channels, inner }: Layout): boolean {
    const limit = smallestVariance * outer * inner;
    return this.#exports.moments(x, outer, channels, inner, limit, this.frame.pointer) !== 0;
  }

  /** Makes the coefficients of mean, spread / divisor, gamma and beta, all in the frame. */
  prepare({ channels }: Layout, divisor: number, epsilon: number): boolean {
    return this.#exports.prepare(channels, divisor, epsilon, this.frame.pointer) !== 0;
  }

  /** `y = gamma · (x − mean) · r + beta`, once prepared. */
  transform(x: number, y: number, { outer, channels, inner }: Layout): void {
    this.#exports.transform(x, y, outer, channels, inner, this.frame.pointer);
  }

  /** dbeta and dgamma, into the frame, once prepared; with the coefficients of {@link propagate}. */
  sum(dy: number, x: number, { outer, channels, inner }: Layout): boolean {
    const { pointer } = this.frame;
    this.#exports.sum(dy, x, outer, channels, inner, pointer);
    return this.#exports.prepareGradient(channels, outer * inner, pointer) !== 0;
  }

  /** `dx` of a pass by the batch's statistics, after {@link sum}. */
  propagate(dy: number, x: number, dx: number, { outer, channels, inner }: Layout): void {
    this.#exports.propagate(dy, x, dx, outer, channels, inner, this.frame.pointer);
  }

  /** `dx` of a pass by fixed statistics, after {@link sum}. */
  scale(dy: number, dx: number, { outer, channels, inner }: Layout): void {
    this.#exports.scale(dy, dx, outer, channels, inner, this.frame.pointer);
  }
}
