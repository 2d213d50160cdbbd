// y = (x − center) · scale + shift over the columns of [rows, width], width a multiple of 4.

import { aheadOfStores, readAhead, rowsAbreast, streaming, tileOfRows, transform } from "./vectors";

/** Rows of a group of columns that are done before the next group: they share cache lines' pages. */
const panel: u32 = 64;

/** Bytes of one row after the other to ask for at once. */
const tileOfRow: usize = 2048;

/** @param center - width float32, as are scale and shift. */
export function columnTransform(
  x: usize,
  y: usize,
  rows: u32,
  width: u32,
  center: usize,
  scale: usize,
  shift: usize,
): void {
  const stride = (<usize>width) << 2;
  if (<usize>rows * stride >= streaming) {
    byRows(x, y, rows, stride, center, scale, shift);
    return;
  }
  for (let row: u32 = 0; row < rows; row += panel) {
    const from = <usize>row * stride;
    const size = <usize>min(panel, rows - row) * stride;
    byGroups(x + from, y + from, size, stride, center, scale, shift);
  }
}

/** Whole rows, so that stores stream, several side by side, so that a coefficient is read once for them. */
function byRows(
  x: usize,
  y: usize,
  rows: u32,
  stride: usize,
  center: usize,
  scale: usize,
  shift: usize,
): void {
  const together = rowsAbreast(rows, stride);
  const step = <usize>together * stride;
  const tile = together === 4 ? tileOfRows : tileOfRow;
  const ahead = together === 4 ? aheadOfStores : tileOfRow;
  const few = max(together, <u32>(tile / stride));
  while (rows >= together) {
    let run = min(rows, few);
    readAhead(x, x + <usize>run * stride, ahead);
    for (; run >= together; run -= together, rows -= together, x += step, y += step) {
      if (together === 4) fourRows(x, y, stride, center, scale, shift);
      else oneRow(x, y, stride, center, scale, shift);
    }
  }
  for (; rows; rows--, x += stride, y += stride) oneRow(x, y, stride, center, scale, shift);
}

function fourRows(
  x: usize,
  y: usize,
  stride: usize,
  center: usize,
  scale: usize,
  shift: usize,
): void {
  const stride2 = stride * 2,
    stride3 = stride * 3;
  for (const end = x + stride; x < end; x += 16, y += 16, center += 16, scale += 16, shift += 16) {
    const c = v128.load(center),
      k = v128.load(scale),
      b = v128.load(shift);
    v128.store(y, transform(v128.load(x), c, k, b));
    v128.store(y + stride, transform(v128.load(x + stride), c, k, b));
    v128.store(y + stride2, transform(v128.load(x + stride2), c, k, b));
    v128.store(y + stride3, transform(v128.load(x + stride3), c, k, b));
  }
}

function oneRow(
  x: usize,
  y: usize,
  stride: usize,
  center: usize,
  scale: usize,
  shift: usize,
): void {
  for (const end = x + stride; x < end; x += 16, y += 16, center += 16, scale += 16, shift += 16) {
    v128.store(y, transform(v128.load(x), v128.load(center), v128.load(scale), v128.load(shift)));
  }
}

/** 16 columns at a time, 12 coefficients and a value live; then 4. */
function byGroups(
  x: usize,
  y: usize,
  size: usize,
  stride: usize,
  center: usize,
  scale: usize,
  shift: usize,
): void {
  const end = x + size;
  let at: usize = 0;
  for (; at + 64 <= stride; at += 64) {
    const c = center + at,
      k = scale + at,
      b = shift + at;
    const c0 = v128.load(c),
      c1 = v128.load(c, 16),
      c2 = v128.load(c, 32),
      c3 = v128.load(c, 48);
    const k0 = v128.load(k),
      k1 = v128.load(k, 16),
      k2 = v128.load(k, 32),
      k3 = v128.load(k, 48);
    const b0 = v128.load(b),
      b1 = v128.load(b, 16),
      b2 = v128.load(b, 32),
      b3 = v128.load(b, 48);
    for (let p = x + at, q = y + at; p < end; p += stride, q += stride) {
      v128.store(q, transform(v128.load(p), c0, k0, b0));
      v128.store(q, transform(v128.load(p, 16), c1, k1, b1), 16);
      v128.store(q, transform(v128.load(p, 32), c2, k2, b2), 32);
      v128.store(q, transform(v128.load(p, 48), c3, k3, b3), 48);
    }
  }
  for (; at < stride; at += 16) {
    const c = v128.load(center + at),
      k = v128.load(scale + at),
      b = v128.load(shift + at);
    for (let p = x + at, q = y + at; p < end; p += stride, q += stride) {
      v128.store(q, transform(v128.load(p), c, k, b));
    }
  }
}
