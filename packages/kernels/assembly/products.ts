// Dense products of row-major matrices, float32 and float64: `C = A · B`, with either of A and B
// transposed, which is a matter of strides. Pointers and strides are byte offsets; `scratch` is
// scratchSize() bytes. Nothing is checked here.

import { startFrom } from "./product-bias";
import { pack } from "./product-panel";
import { adds, epilogueSize, multiplyAndStore, setEpilogue } from "./product-store";

/**
 * Steps of the inner dimension that are summed in registers before they go to C, so that a panel of B, and
 * four rows of A, stay in the nearest cache.
 */
const depth: u32 = 512;
/** Rows from which on it pays to copy B's columns together. */
const manyRows: u32 = 32;

/** The scratch holds the epilogue's fields, a tile of C where C has no room for whole vectors, a panel. */
const tileAt: usize = epilogueSize;
const panelAt: usize = tileAt + 4 * 32;

export function scratchSize(): usize {
  return panelAt + (depth << 5);
}

/**
 * `C = relu(C · add + rowBias · 1ᵀ + 1 · columnBiasᵀ + A · B)`, float32; add and relu are 0 or 1.
 *
 * @param aRow - From a row of A, [rows, inner], to the next; @param aStep - from a column to the next.
 * @param bRow - The same of B, [inner, columns]; @param bStep - unless one of bRow and bStep is the size
 * of a value, B is copied value by value.
 * @param rowBias - rows values, or 0; @param columnBias - columns values, or 0.
 */
export function multiply32(
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bRow: usize,
  bStep: usize,
  c: usize,
  cRow: usize,
  rows: u32,
  columns: u32,
  inner: u32,
  rowBias: usize,
  columnBias: usize,
  add: bool,
  relu: bool,
  scratch: usize,
): void {
  if (rowBias | columnBias) {
    startFrom<f32>(rowBias, columnBias, add, c, cRow, rows, columns);
    add = true;
  }
  multiply<f32>(a, aRow, aStep, b, bRow, bStep, c, cRow, rows, columns, inner, add, relu, scratch);
}

/** {@link multiply32} in float64. */
export function multiply64(
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bRow: usize,
  bStep: usize,
  c: usize,
  cRow: usize,
  rows: u32,
  columns: u32,
  inner: u32,
  rowBias: usize,
  columnBias: usize,
  add: bool,
  relu: bool,
  scratch: usize,
): void {
  if (rowBias | columnBias) {
    startFrom<f64>(rowBias, columnBias, add, c, cRow, rows, columns);
    add = true;
  }
  multiply<f64>(a, aRow, aStep, b, bRow, bStep, c, cRow, rows, columns, inner, add, relu, scratch);
}

/** Block by block of the inner dimension; each block adds to the one before. */
function multiply<T>(
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bRow: usize,
  bStep: usize,
  c: usize,
  cRow: usize,
  rows: u32,
  columns: u32,
  inner: u32,
  add: bool,
  relu: bool,
  scratch: usize,
): void {
  const blocks = max<u32>(1, (inner + depth - 1) / depth);
  const block = (inner + blocks - 1) / blocks;
  for (let n: u32 = 1; n <= blocks; n++) {
    const count = min(inner, block);
    setEpilogue(scratch, add, relu && n === blocks);
    multiplyBlock<T>(a, aRow, aStep, b, bRow, bStep, c, cRow, rows, columns, count, scratch);
    add = true;
    inner -= count;
    a += <usize>count * aStep;
    b += <usize>count * bRow;
  }
}

/** Few rows take B's whole vectors where they are; all else goes by panels. */
function multiplyBlock<T>(
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bRow: usize,
  bStep: usize,
  c: usize,
  cRow: usize,
  rows: u32,
  columns: u32,
  inner: u32,
  scratch: usize,
): void {
  const panel = scratch + panelAt;
  const size: usize = sizeof<T>();
  const lanes: u32 = 16 / sizeof<T>();
  let column: u32 = 0;
  if (rows < manyRows && bStep === size) {
    const vectors = columns / lanes;
    multiplyAndStore<T>(a, aRow, aStep, b, bRow, c, cRow, rows, vectors, inner, scratch);
    column = vectors * lanes;
  }
  for (; column < columns; column += 2 * lanes) {
    const count = min(columns - column, 2 * lanes);
    const vectors: u32 = count > lanes ? 2 : 1;
    const row = (<usize>vectors) << 4;
    const to = c + <usize>column * size;
    pack<T>(b + <usize>column * bStep, bRow, bStep, inner, count, row, panel);
    if (count === vectors * lanes) {
      multiplyAndStore<T>(a, aRow, aStep, panel, row, to, cRow, rows, vectors, inner, scratch);
    } else {
      multiplyEdge<T>(a, aRow, aStep, vectors, to, cRow, rows, count, inner, scratch);
    }
  }
}

/** Columns at C's edge that are no whole vectors, by way of a tile that has room for them. */
function multiplyEdge<T>(
  a: usize,
  aRow: usize,
  aStep: usize,
  vectors: u32,
  c: usize,
  cRow: usize,
  rows: u32,
  columns: u32,
  inner: u32,
  scratch: usize,
): void {
  const panel = scratch + panelAt;
  const tile = scratch + tileAt;
  const row = (<usize>vectors) << 4;
  for (let i: u32 = 0; i < rows; i += 4, a += 4 * aRow, c += 4 * cRow) {
    const height = min(rows - i, 4);
    if (adds(scratch)) move<T>(c, cRow, tile, row, height, columns);
    multiplyAndStore<T>(a, aRow, aStep, panel, row, tile, row, height, vectors, inner, scratch);
    move<T>(tile, row, c, cRow, height, columns);
  }
}

/** Copies a small block, value by value. */
function move<T>(
  from: usize,
  fromRow: usize,
  to: usize,
  toRow: usize,
  rows: u32,
  columns: u32,
): void {
  const width = <usize>columns * sizeof<T>();
  for (; rows; rows--, from += fromRow, to += toRow) {
    for (let at: usize = 0; at < width; at += sizeof<T>()) store<T>(to + at, load<T>(from + at));
  }
}
