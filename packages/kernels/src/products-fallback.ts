import type { FloatArray } from "@batchnorm/core";

/** Where a matrix's values are in its array. Strides count values. */
export interface Strides {
  readonly rowStride: number;
  readonly columnStride: number;
}

/** `C = relu(C · add + rowBias · 1ᵀ + 1 · columnBiasᵀ + A · B)`, of arrays. */
export interface ArrayProduct {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly a: FloatArray;
  readonly aStrides: Strides;
  readonly b: FloatArray;
  readonly bStrides: Strides;
  readonly out: FloatArray;
  readonly rowBias: FloatArray | null;
  readonly columnBias: FloatArray | null;
  readonly add: boolean;
  readonly relu: boolean;
}

/** Rows and columns of a tile: its 16 sums are what the registers of a machine hold. */
const width = 4;

// Kept from call to call: making arrays costs more than small products do.
let left = new Float64Array(0);
let right = new Float64Array(0);
const sums = new Float64Array(width * width);

/**
 * The product in TypeScript, with float64 sums, for where WebAssembly cannot run.
 *
 * Four rows of A, and every four columns of B, are first copied to where their values lie in the order
 * of use. So there is one inner loop, over float64 whatever the data are: an engine compiles a loop
 * that meets both types to code up to three times slower.
 */
export function multiplyArrays(product: ArrayProduct): void {
  const { rows, inner, columns, a, aStrides, b, bStrides } = product;
  const panel = width * inner;
  const panels = Math.ceil(columns / width);
  if (left.length < panel) left = new Float64Array(panel);
  if (right.length < panels * panel) right = new Float64Array(panels * panel);
  for (let j = 0; j < panels; j++) {
    const count = Math.min(width, columns - j * width);
    const first = j * width * bStrides.columnStride;
    pack(b, first, bStrides.columnStride, bStrides.rowStride, count, inner, right, j * panel);
  }
  for (let row = 0; row < rows; row += width) {
    const count = Math.min(width, rows - row);
    pack(
      a,
      row * aStrides.rowStride,
      aStrides.rowStride,
      aStrides.columnStride,
      count,
      inner,
      left,
      0,
    );
    for (let j = 0; j < panels; j++) {
      multiplyTile(right, j * panel, panel);
      finishTile(product, row, j * width);
    }
  }
}

/** Copies up to four rows or columns so that their values alternate. */
function pack(
  from: FloatArray,
  first: number,
  stride: number,
  step: number,
  count: number,
  inner: number,
  to: Float64Array,
  at: number,
): void {
  for (let lane = 0; lane < width; lane++) {
    let position = first + lane * stride;
    const end = at + width * inner;
    for (let k = at + lane; k < end; k += width, position += step) {
      to[k] = lane < count ? (from[position] as number) : 0;
    }
  }
}

/** Four packed rows by four packed columns, into `sums`. */
function multiplyTile(b: Float64Array, first: number, length: number): void {
  const a = left;
  let s00 = 0;
  let s01 = 0;
  let s02 = 0;
  let s03 = 0;
  let s10 = 0;
  let s11 = 0;
  let s12 = 0;
  let s13 = 0;
  let s20 = 0;
  let s21 = 0;
  let s22 = 0;
  let s23 = 0;
  let s30 = 0;
  let s31 = 0;
  let s32 = 0;
  let s33 = 0;
  for (let k = 0, p = first; k < length; k += width, p += width) {
    const b0 = b[p] as number;
    const b1 = b[p + 1] as number;
    const b2 = b[p + 2] as number;
    const b3 = b[p + 3] as number;
    let value = a[k] as number;
    s00 += value * b0;
    s01 += value * b1;
    s02 += value * b2;
    s03 += value * b3;
    value = a[k + 1] as number;
    s10 += value * b0;
    s11 += value * b1;
    s12 += value * b2;
    s13 += value * b3;
    value = a[k + 2] as number;
    s20 += value * b0;
    s21 += value * b1;
    s22 += value * b2;
    s23 += value * b3;
    value = a[k + 3] as number;
    s30 += value * b0;
    s31 += value * b1;
    s32 += value * b2;
    s33 += value * b3;
  }
  sums[0] = s00;
  sums[1] = s01;
  sums[2] = s02;
  sums[3] = s03;
  sums[4] = s10;
  sums[5] = s11;
  sums[6] = s12;
  sums[7] = s13;
  sums[8] = s20;
  sums[9] = s21;
  sums[10] = s22;
  sums[11] = s23;
  sums[12] = s30;
  sums[13] = s31;
  sums[14] = s32;
  sums[15] = s33;
}

/** Writes the part of the tile that lies in the result. */
function finishTile(product: ArrayProduct, row: number, column: number): void {
  const { rows, columns, out, rowBias, columnBias, add, relu } = product;
  const lastRow = Math.min(rows, row + width);
  const lastColumn = Math.min(columns, column + width);
  for (let i = row; i < lastRow; i++) {
    const bias = (rowBias?.[i] as number) ?? 0;
    for (let j = column; j < lastColumn; j++) {
      const at = i * columns + j;
      let value = (sums[(i - row) * width + j - column] as number) + bias;
      if (columnBias) value += columnBias[j] as number;
      if (add) value += out[at] as number;
      out[at] = relu ? Math.max(0, value) : value;
    }
  }
}
