import type { FloatArray } from "@batchnorm/core";
import { productsInUse } from "./backend.ts";
import { checkProduct } from "./products-arguments.ts";
import { type ArrayProduct, multiplyArrays, type Strides } from "./products-fallback.ts";
import { multiplyInMemory } from "./products-in-memory.ts";

/** The shape of a dense product, and what else goes into it. */
export interface ProductOptions<T extends FloatArray> {
  /** The height of A and of the result; an integer ≥ 0, as are the next two. */
  readonly rows: number;
  /** The width of A and the height of B. */
  readonly inner: number;
  /** The width of B and of the result. */
  readonly columns: number;
  /** Whether `a` holds Aᵀ, [inner, rows]. Default false. */
  readonly transposeA?: boolean | undefined;
  /** Whether `b` holds Bᵀ, [columns, inner]. Default false. */
  readonly transposeB?: boolean | undefined;
  /** One value per row, added to each of its columns: a dense layer's bias, features in rows. */
  readonly rowBias?: T | null | undefined;
  /** One value per column, added to each of its rows: a dense layer's bias, samples in rows. */
  readonly columnBias?: T | null | undefined;
  /** Whether the result is added to what `out` holds. Default false. */
  readonly add?: boolean | undefined;
  /** What the finished sums go through; `"relu"` is max(0, value). Default `"none"`. */
  readonly activation?: "none" | "relu" | undefined;
  /** Where the result goes; made when absent. It must not overlap an input. */
  readonly out?: T | undefined;
}

/**
 * The product of two dense row-major matrices:
 * `C[i, j] = activation(C[i, j] · add + rowBias[i] + columnBias[j] + Σₖ A[i, k] · B[k, j])`.
 *
 * Tensors of the arena are read and written in place, other arrays copied; with `out` nothing is made. The
 * memory may grow to hold copies, which empties views of it, as {@link Tensor.array} says. Sums are in the
 * type of the data with WebAssembly, in float64 without.
 *
 * @param a - A, [rows, inner]; with `transposeA` [inner, rows].
 * @param b - B, [inner, columns]; with `transposeB` [columns, inner]. Of a's type, as are all arrays.
 * @returns C, [rows, columns]: `out`, or a view of the same memory where that has grown.
 * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE` for lengths that do not fit, or an `out` that overlaps an
 * input; `ERR_BATCHNORM_DTYPE` for arrays of different types; `ERR_BATCHNORM_OPTION` for an unknown
 * option or value, or `add` without `out`. `out` is then as it was.
 */
export function multiply<T extends FloatArray>(a: T, b: T, options: ProductOptions<T>): T {
  checkProduct(a, b, options);
  const { rows, inner, columns } = options;
  const Floats = a.BYTES_PER_ELEMENT === 4 ? Float32Array : Float64Array;
  const out = options.out ?? (new Floats(rows * columns) as T);
  const product: ArrayProduct = {
    rows,
    inner,
    columns,
    a,
    aStrides: stridesOf(inner, options.transposeA, rows),
    b,
    bStrides: stridesOf(columns, options.transposeB, inner),
    out,
    rowBias: options.rowBias ?? null,
    columnBias: options.columnBias ?? null,
    add: options.add === true,
    relu: options.activation === "relu",
  };
  const products = productsInUse();
  if (products) return multiplyInMemory(products, product) as T;
  multiplyArrays(product);
  return out;
}

/** Of a matrix of that size, whose array holds it or its transpose. */
const stridesOf = (columns: number, transposed: boolean | undefined, rows: number): Strides =>
  transposed ? { rowStride: 1, columnStride: rows } : { rowStride: columns, columnStride: 1 };
