import type { Allocator } from "./allocator.ts";
import { products } from "./generated/products.ts";
import type { Memory } from "./heap.ts";
import { WasmModule } from "./wasm.ts";

/** A matrix that lies in a memory. Strides count values; exchange them and the matrix is its transpose. */
export interface MatrixAt {
  /** Its first value's byte offset, a multiple of a value's size. */
  readonly pointer: number;
  /** From a row to the next, > 0. */
  readonly rowStride: number;
  /** From a column to the next, > 0. */
  readonly columnStride: number;
}

/** `C = relu(C · add + rowBias · 1ᵀ + 1 · columnBiasᵀ + A · B)`, of matrices that lie in a memory. */
export interface ProductAt {
  /** The height of A and C. */
  readonly rows: number;
  /** The width of A, the height of B. */
  readonly inner: number;
  /** The width of B and C. */
  readonly columns: number;
  readonly a: MatrixAt;
  /** Fastest with one stride of 1. */
  readonly b: MatrixAt;
  /** Its columnStride is taken to be 1. It must not overlap A, B or a bias. */
  readonly c: MatrixAt;
  /** The byte offset of `rows` values, side by side; 0 for none. */
  readonly rowBias: number;
  /** The byte offset of `columns` values, side by side; 0 for none. */
  readonly columnBias: number;
  /** Whether what C holds counts. */
  readonly add: boolean;
  readonly relu: boolean;
}

/** What assembly/products.ts exports. Strides are bytes there. */
interface Exports {
  scratchSize(): number;
  multiply32: Multiply;
  multiply64: Multiply;
}

type Multiply = (
  a: number,
  aRow: number,
  aStep: number,
  b: number,
  bRow: number,
  bStep: number,
  c: number,
  cRow: number,
  rows: number,
  columns: number,
  inner: number,
  rowBias: number,
  columnBias: number,
  add: number,
  relu: number,
  scratch: number,
) => void;

export const productsModule: WasmModule = /* @__PURE__ */ new WasmModule(products);

/**
 * Dense products of matrices that lie in a WebAssembly memory, the caller's own or a host library's.
 *
 * Nothing is checked: shapes and pointers are the caller's care. {@link Products.reserve} comes first.
 * Sums are in the type of the data, in an order that depends on the shape alone.
 */
export class Products {
  readonly memory: Memory;
  readonly #allocator: Allocator;
  readonly #exports: Exports;
  #scratch = 0;

  /**
   * @param memory - Plain or shared; the module keeps nothing in it but what it allocates.
   * @throws {Error} WebAssembly's own where it is missing, or lacks SIMD, or may not compile.
   */
  constructor(memory: Memory, allocator: Allocator) {
    this.#exports = productsModule.instantiate<Exports>(memory);
    this.memory = memory;
    this.#allocator = allocator;
  }

  /** Makes room for a panel of B, 16 kB, once, which may grow the memory; false when it is full. */
  reserve(): boolean {
    if (this.#scratch === 0) this.#scratch = this.#allocator.allocate(this.#exports.scratchSize());
    return this.#scratch !== 0;
  }

  /** Gives that room back. */
  release(): void {
    if (this.#scratch !== 0) this.#allocator.free(this.#scratch);
    this.#scratch = 0;
  }

  float32(product: ProductAt): void {
    this.#multiply(this.#exports.multiply32, product, 4);
  }

  float64(product: ProductAt): void {
    this.#multiply(this.#exports.multiply64, product, 8);
  }

  #multiply(multiply: Multiply, product: ProductAt, size: number): void {
    const { a, b, c } = product;
    multiply(
      a.pointer,
      a.rowStride * size,
      a.columnStride * size,
      b.pointer,
      b.rowStride * size,
      b.columnStride * size,
      c.pointer,
      c.rowStride * size,
      product.rows,
      product.columns,
      product.inner,
      product.rowBias,
      product.columnBias,
      product.add ? 1 : 0,
      product.relu ? 1 : 0,
      this.#scratch,
    );
  }
}
