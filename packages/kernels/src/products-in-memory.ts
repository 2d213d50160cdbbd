import type { FloatArray } from "@batchnorm/core";
import { arena } from "./arena.ts";
import type { Heap } from "./heap.ts";
import { Copies } from "./products-copies.ts";
import { type ArrayProduct, multiplyArrays, type Strides } from "./products-fallback.ts";
import type { MatrixAt, Products } from "./products-kernels.ts";

/** What plain arrays are copied through; made with the first product. */
let copies: Copies | undefined;

/**
 * The product by WebAssembly, on the arena's memory, or by TypeScript where that is full.
 *
 * @returns the result's array: a fresh one where the memory has grown.
 */
export function multiplyInMemory(products: Products, product: ArrayProduct): FloatArray {
  copies ??= new Copies(products.memory, arena.allocator);
  const { heap } = copies;
  heap.follow();
  const { a, b, out, rowBias, columnBias } = product;
  // Asked before the memory may grow: its arrays are empty then.
  const atA = heap.pointerOf(a);
  const atB = heap.pointerOf(b);
  const atOut = heap.pointerOf(out);
  const atRowBias = rowBias ? heap.pointerOf(rowBias) : 0;
  const atColumnBias = columnBias ? heap.pointerOf(columnBias) : 0;
  const { length } = out;
  const size =
    copies.sizeOf(out) +
    copies.sizeOf(a) +
    copies.sizeOf(b) +
    copies.sizeOf(rowBias) +
    copies.sizeOf(columnBias);
  const enough = products.reserve() && copies.fit(size);
  heap.follow();
  if (!enough) {
    const { rows, inner, columns } = product;
    const revived = {
      ...product,
      a: revive(heap, a, atA, rows * inner),
      b: revive(heap, b, atB, inner * columns),
      out: revive(heap, out, atOut, length),
      rowBias: rowBias && revive(heap, rowBias, atRowBias, rows),
      columnBias: columnBias && revive(heap, columnBias, atColumnBias, columns),
    };
    multiplyArrays(revived);
    return revived.out;
  }
  const c = atOut < 0 ? copies.place(out) : atOut;
  if (atOut < 0 && product.add) copies.put(out, c);
  const at = {
    rows: product.rows,
    inner: product.inner,
    columns: product.columns,
    a: matrixAt(atA < 0 ? copies.write(a) : atA, product.aStrides),
    b: matrixAt(atB < 0 ? copies.write(b) : atB, product.bStrides),
    c: { pointer: c, rowStride: product.columns, columnStride: 1 },
    rowBias: rowBias && atRowBias < 0 ? copies.write(rowBias) : atRowBias,
    columnBias: columnBias && atColumnBias < 0 ? copies.write(columnBias) : atColumnBias,
    add: product.add,
    relu: product.relu,
  };
  if (out.BYTES_PER_ELEMENT === 4) products.float32(at);
  else products.float64(at);
  if (atOut >= 0) return revive(heap, out, atOut, length);
  copies.read(out);
  return out;
}

/** Gives back the memory that products copied plain arrays through. */
export function releaseProductCopies(): void {
  copies?.release();
}

const matrixAt = (pointer: number, { rowStride, columnStride }: Strides): MatrixAt => ({
  pointer,
  rowStride,
  columnStride,
});

/** The array itself, or a view in its place where the memory's growth has emptied it. */
const revive = (heap: Heap, array: FloatArray, pointer: number, length: number): FloatArray =>
  pointer < 0 || array.length === length
    ? array
    : heap.floats(pointer, length, array.BYTES_PER_ELEMENT);
