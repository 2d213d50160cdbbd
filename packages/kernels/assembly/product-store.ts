// The epilogue of the products that ship: what becomes of a tile's sums.

import { multiplyVectors } from "./product-tile";

/** `C = relu(C + sums)`, with the parts that are asked for. An instance is a place in memory. */
@unmanaged
class Store {
  /** Whether what C holds counts. */
  add: bool;
  /** A NaN stays NaN. */
  relu: bool;

  @inline put<T>(c: usize, sums: v128, _row: usize): void {
    if (this.add) sums = v128.add<T>(sums, v128.load(c));
    if (this.relu) sums = v128.max<T>(sums, v128.splat<T>(0));
    v128.store(c, sums);
  }

  @inline putPair<T>(c: usize, left: v128, right: v128, _row: usize): void {
    if (this.add) {
      left = v128.add<T>(left, v128.load(c));
      right = v128.add<T>(right, v128.load(c, 16));
    }
    if (this.relu) {
      left = v128.max<T>(left, v128.splat<T>(0));
      right = v128.max<T>(right, v128.splat<T>(0));
    }
    v128.store(c, left);
    v128.store(c, right, 16);
  }
}

/** The bytes of an epilogue. */
export const epilogueSize: usize = 16;

export function setEpilogue(epilogue: usize, add: bool, relu: bool): void {
  changetype<Store>(epilogue).add = add;
  changetype<Store>(epilogue).relu = relu;
}

export function adds(epilogue: usize): bool {
  return changetype<Store>(epilogue).add;
}

/** {@link multiplyVectors} with that epilogue. */
export function multiplyAndStore<T>(
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bRow: usize,
  c: usize,
  cRow: usize,
  rows: u32,
  vectors: u32,
  inner: u32,
  epilogue: usize,
): void {
  const store = changetype<Store>(epilogue);
  multiplyVectors<T, Store>(a, aRow, aStep, b, bRow, c, cRow, rows, vectors, inner, store);
}
