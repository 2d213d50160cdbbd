import { refuse } from "@batchnorm/core";
import { FirstFit } from "./allocator.ts";
import type { Memory } from "./heap.ts";

/** An array of floats that stays in WebAssembly memory, where passes read and write it without a copy. */
export interface Tensor<T extends Float32Array | Float64Array> {
  readonly length: number;
  /**
   * The values. Take it anew after anything was allocated: growth of the memory empties the view that
   * was there before. It is the same object until then.
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_DISPOSED` once freed.
   */
  readonly array: T;
  /** Gives the memory back. Freeing twice does nothing. */
  free(): void;
}

type Floats<T> = {
  new (length: number): T;
  new (buffer: ArrayBufferLike, offset: number, length: number): T;
  readonly BYTES_PER_ELEMENT: number;
};

/** A memory and what lies in it. */
export class Arena {
  #memory: Memory | null | undefined;
  #allocator: FirstFit | undefined;

  /** @param memory - For this arena alone; made on first use when absent. */
  constructor(memory?: Memory) {
    this.#memory = memory;
  }

  /**
   * A tensor of zeros. Where there is no WebAssembly memory for it, an array of its own, which works
   * everywhere at the price of copies.
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` when the length is no integer ≥ 0.
   */
  float32(length: number): Tensor<Float32Array> {
    return this.#tensor(Float32Array as Floats<Float32Array>, length);
  }

  /** {@link Arena.float32} for dense products in float64. */
  float64(length: number): Tensor<Float64Array> {
    return this.#tensor(Float64Array as Floats<Float64Array>, length);
  }

  /** The memory, made on first use; null where WebAssembly is missing. */
  get memory(): Memory | null {
    this.#memory ??=
      typeof WebAssembly === "undefined" ? null : new WebAssembly.Memory({ initial: 4 });
    return this.#memory;
  }

  /** What hands the memory out; only where there is one. */
  get allocator(): FirstFit {
    this.#allocator ??= new FirstFit(this.memory as Memory);
    return this.#allocator;
  }

  #tensor<T extends Float32Array | Float64Array>(type: Floats<T>, length: number): Tensor<T> {
    if (!Number.isSafeInteger(length) || length < 0) {
      refuse("ERR_BATCHNORM_SHAPE", "length must be an integer ≥ 0", length);
    }
    const { memory } = this;
    const pointer = memory ? this.allocator.allocate(length * type.BYTES_PER_ELEMENT) : 0;
    if (memory && pointer) {
      const tensor = new ResidentTensor(type, memory, this.allocator, pointer, length);
      tensor.array.fill(0);
      return tensor;
    }
    return new PlainTensor(new type(length));
  }
}

class ResidentTensor<T extends Float32Array | Float64Array> implements Tensor<T> {
  readonly length: number;
  readonly #type: Floats<T>;
  readonly #memory: Memory;
  readonly #allocator: FirstFit;
  #pointer: number;
  #view: T;

  constructor(
    type: Floats<T>,
    memory: Memory,
    allocator: FirstFit,
    pointer: number,
    length: number,
  ) {
    this.length = length;
    this.#type = type;
    this.#memory = memory;
    this.#allocator = allocator;
    this.#pointer = pointer;
    this.#view = new type(memory.buffer, pointer, length);
  }

  get array(): T {
    if (this.#pointer === 0) refuseFreed();
    const { buffer } = this.#memory;
    if (this.#view.buffer !== buffer)
      this.#view = new this.#type(buffer, this.#pointer, this.length);
    return this.#view;
  }

  free(): void {
    if (this.#pointer !== 0) this.#allocator.free(this.#pointer);
    this.#pointer = 0;
  }
}

class PlainTensor<T extends Float32Array | Float64Array> implements Tensor<T> {
  readonly length: number;
  #array: T | null;

  constructor(array: T) {
    this.length = array.length;
    this.#array = array;
  }

  get array(): T {
    return this.#array ?? refuseFreed();
  }

  free(): void {
    this.#array = null;
  }
}

function refuseFreed(): never {
  refuse("ERR_BATCHNORM_DISPOSED", "a tensor must not be used once it is freed", "a freed one");
}

/** The arena whose tensors this package's passes and products work on in place. */
export const arena: Arena = /* @__PURE__ */ new Arena();
