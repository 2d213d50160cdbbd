// y = (x − center) · scale + shift over the columns of [rows, width], width a multiple of 4.

import { rowsOfPanel, transform } from "./vectors";

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
  const panel = rowsOfPanel(rows, stride, 64, 8, 8);
  for (let row: u32 = 0; row < rows; row += panel) {
    const from = <usize>row * stride;
    const size = <usize>min(panel, rows - row) * stride;
    transformPanel(x + from, y + from, size, stride, center, scale, shift);
  }
}

/** 16 columns at a time, 12 coefficients and a value live; then 4. */
function transformPanel(
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
