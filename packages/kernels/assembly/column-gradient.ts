// The backward pass over the columns of [rows, width], width a multiple of 4: first the sums, then dx.
// Rows go side by side, so that memory is read and written in order and what is per column, from the
// cache, is read once for them.

import {
  addProduct,
  aheadOfStores,
  blockOf,
  flush,
  propagate,
  readAhead,
  rowsAbreast,
  streaming,
  tileOfRows,
} from "./vectors";

/** As {@link aheadOfStores}: with half of the tile the sums on [32, 56, 56, 64] take 8 % more. */
const aheadOfSums: usize = 640;

/**
 * Σ dy and Σ dy · (x − center), float32 within blocks of up to 128 rows, float64 between them.
 *
 * @param sums - width float64 that receive Σ dy.
 * @param products - width float64.
 * @param partial - 8 bytes a column: the sums of a block, side by side for each four columns.
 */
export function columnSums(
  dy: usize,
  x: usize,
  rows: u32,
  width: u32,
  center: usize,
  sums: usize,
  products: usize,
  partial: usize,
): void {
  const stride = (<usize>width) << 2;
  const block = blockOf(rows);
  const together = rowsAbreast(rows, stride);
  const step = <usize>together * stride;
  const ahead = step <= tileOfRows && <usize>rows * stride >= streaming;
  memory.fill(sums, 0, stride << 1);
  memory.fill(products, 0, stride << 1);
  for (let row: u32 = 0; row < rows; row += block) {
    for (let at: usize = 0; at < 2 * stride; at += 16) v128.store(partial + at, f32x4.splat(0));
    let count = min(block, rows - row);
    for (; count >= together; count -= together, dy += step, x += step) {
      if (ahead) {
        readAhead(x, x + step, aheadOfSums);
        readAhead(dy, dy + step, aheadOfSums);
      }
      if (together === 4) sum4(dy, x, stride, center, partial);
      else sum1(dy, x, stride, center, partial);
    }
    for (; count; count--, dy += stride, x += stride) sum1(dy, x, stride, center, partial);
    for (let at: usize = 0; at < 2 * stride; at += 32) {
      flush(sums + at, v128.load(partial + at));
      flush(products + at, v128.load(partial + at, 16));
    }
  }
}

/** Live: the center, two sums, a dy and a product. */
function sum4(dy: usize, x: usize, stride: usize, center: usize, partial: usize): void {
  const stride2 = stride * 2,
    stride3 = stride * 3;
  for (const end = dy + stride; dy < end; dy += 16, x += 16, center += 16, partial += 32) {
    const c = v128.load(center);
    let s = v128.load(partial),
      q = v128.load(partial, 16);
    const g0 = v128.load(dy);
    s = f32x4.add(s, g0);
    q = addProduct(q, f32x4.sub(v128.load(x), c), g0);
    const g1 = v128.load(dy + stride);
    s = f32x4.add(s, g1);
    q = addProduct(q, f32x4.sub(v128.load(x + stride), c), g1);
    const g2 = v128.load(dy + stride2);
    s = f32x4.add(s, g2);
    q = addProduct(q, f32x4.sub(v128.load(x + stride2), c), g2);
    const g3 = v128.load(dy + stride3);
    s = f32x4.add(s, g3);
    q = addProduct(q, f32x4.sub(v128.load(x + stride3), c), g3);
    v128.store(partial, s);
    v128.store(partial, q, 16);
  }
}

function sum1(dy: usize, x: usize, stride: usize, center: usize, partial: usize): void {
  for (const end = dy + stride; dy < end; dy += 16, x += 16, center += 16, partial += 32) {
    const g = v128.load(dy);
    const d = f32x4.sub(v128.load(x), v128.load(center));
    v128.store(partial, f32x4.add(v128.load(partial), g));
    v128.store(partial, addProduct(v128.load(partial, 16), d, g), 16);
  }
}

/**
 * `dx = dy · scale + ((x − center) · slope + shift)`.
 *
 * @param center - width float32, as are scale, slope and shift.
 */
export function columnPropagate(
  dy: usize,
  x: usize,
  dx: usize,
  rows: u32,
  width: u32,
  center: usize,
  scale: usize,
  slope: usize,
  shift: usize,
): void {
  const stride = (<usize>width) << 2;
  const together = rowsAbreast(rows, stride);
  const step = <usize>together * stride;
  // Wide rows would be far ahead.
  const streams = <usize>rows * stride >= streaming && stride <= 2048;
  const few = streams ? max(together, <u32>(tileOfRows / stride)) : rows;
  const ahead = together === 4 ? aheadOfStores : tileOfRows;
  while (rows >= together) {
    let run = min(rows, few);
    if (streams) {
      readAhead(x, x + <usize>run * stride, ahead);
      readAhead(dy, dy + <usize>run * stride, ahead);
    }
    for (; run >= together; run -= together, rows -= together, dy += step, x += step, dx += step) {
      if (together === 4) propagate4(dy, x, dx, stride, center, scale, slope, shift);
      else propagate1(dy, x, dx, stride, center, scale, slope, shift);
    }
  }
  for (; rows; rows--, dy += stride, x += stride, dx += stride) {
    propagate1(dy, x, dx, stride, center, scale, slope, shift);
  }
}

function propagate4(
  dy: usize,
  x: usize,
  dx: usize,
  stride: usize,
  center: usize,
  scale: usize,
  slope: usize,
  shift: usize,
): void {
  const stride2 = stride * 2,
    stride3 = stride * 3;
  for (let at: usize = 0; at < stride; at += 16, dy += 16, x += 16, dx += 16) {
    const c = v128.load(center + at),
      k = v128.load(scale + at);
    const b = v128.load(slope + at),
      d = v128.load(shift + at);
    v128.store(dx, propagate(v128.load(dy), v128.load(x), c, k, b, d));
    v128.store(dx + stride, propagate(v128.load(dy + stride), v128.load(x + stride), c, k, b, d));
    v128.store(
      dx + stride2,
      propagate(v128.load(dy + stride2), v128.load(x + stride2), c, k, b, d),
    );
    v128.store(
      dx + stride3,
      propagate(v128.load(dy + stride3), v128.load(x + stride3), c, k, b, d),
    );
  }
}

function propagate1(
  dy: usize,
  x: usize,
  dx: usize,
  stride: usize,
  center: usize,
  scale: usize,
  slope: usize,
  shift: usize,
): void {
  for (let at: usize = 0; at < stride; at += 16, dy += 16, x += 16, dx += 16) {
    const c = v128.load(center + at),
      k = v128.load(scale + at);
    const b = v128.load(slope + at),
      d = v128.load(shift + at);
    v128.store(dx, propagate(v128.load(dy), v128.load(x), c, k, b, d));
  }
}
