// The backward pass over the columns of [rows, width], width a multiple of 4: first the sums, then dx.

import { addProduct, blockOf, flush, propagate, streaming } from "./vectors";

/**
 * Σ dy and Σ dy · (x − center), float32 within blocks of up to 128 rows, float64 between them.
 *
 * @param sums - width float64 that receive Σ dy. @param products - width float64.
 */
export function columnSums(
  dy: usize,
  x: usize,
  rows: u32,
  width: u32,
  center: usize,
  sums: usize,
  products: usize,
): void {
  const stride = (<usize>width) << 2;
  const block = blockOf(rows);
  memory.fill(sums, 0, stride << 1);
  memory.fill(products, 0, stride << 1);
  for (let row: u32 = 0; row < rows; row += block) {
    const from = <usize>row * stride;
    const size = <usize>min(block, rows - row) * stride;
    let at: usize = 0;
    for (; at + 64 <= stride; at += 64) {
      const s = sums + (at << 1),
        q = products + (at << 1);
      sums16(dy + from + at, x + from + at, size - at, stride, center + at, s, q);
    }
    for (; at < stride; at += 16) {
      const s = sums + (at << 1),
        q = products + (at << 1);
      sums4(dy + from + at, x + from + at, size - at, stride, center + at, s, q);
    }
  }
}

/** Live: 4 centers, 4 sums, 4 sums of products, a dy and a product. */
function sums16(
  dy: usize,
  x: usize,
  size: usize,
  stride: usize,
  center: usize,
  sums: usize,
  products: usize,
): void {
  const c0 = v128.load(center),
    c1 = v128.load(center, 16);
  const c2 = v128.load(center, 32),
    c3 = v128.load(center, 48);
  const zero = f32x4.splat(0);
  let s0 = zero,
    s1 = zero,
    s2 = zero,
    s3 = zero,
    q0 = zero,
    q1 = zero,
    q2 = zero,
    q3 = zero;
  for (const end = dy + size; dy < end; dy += stride, x += stride) {
    const g0 = v128.load(dy);
    s0 = f32x4.add(s0, g0);
    q0 = addProduct(q0, f32x4.sub(v128.load(x), c0), g0);
    const g1 = v128.load(dy, 16);
    s1 = f32x4.add(s1, g1);
    q1 = addProduct(q1, f32x4.sub(v128.load(x, 16), c1), g1);
    const g2 = v128.load(dy, 32);
    s2 = f32x4.add(s2, g2);
    q2 = addProduct(q2, f32x4.sub(v128.load(x, 32), c2), g2);
    const g3 = v128.load(dy, 48);
    s3 = f32x4.add(s3, g3);
    q3 = addProduct(q3, f32x4.sub(v128.load(x, 48), c3), g3);
  }
  flush(sums, s0);
  flush(sums + 32, s1);
  flush(sums + 64, s2);
  flush(sums + 96, s3);
  flush(products, q0);
  flush(products + 32, q1);
  flush(products + 64, q2);
  flush(products + 96, q3);
}

function sums4(
  dy: usize,
  x: usize,
  size: usize,
  stride: usize,
  center: usize,
  sums: usize,
  products: usize,
): void {
  const c = v128.load(center);
  let s = f32x4.splat(0),
    q = s;
  for (const end = dy + size; dy < end; dy += stride, x += stride) {
    const g = v128.load(dy);
    s = f32x4.add(s, g);
    q = addProduct(q, f32x4.sub(v128.load(x), c), g);
  }
  flush(sums, s);
  flush(products, q);
}

/** Rows of a panel in the cache: few where rows are wide, so that a panel's pages stay at hand. */
const panel: u32 = 64;
const widePanel: u32 = 8;
const wide: u32 = 512;

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
  if (<usize>rows * stride >= 2 * streaming) {
    byRows(dy, x, dx, <usize>rows * stride, stride, center, scale, slope, shift);
    return;
  }
  const step = width > wide ? widePanel : panel;
  for (let row: u32 = 0; row < rows; row += step) {
    const from = <usize>row * stride;
    const size = <usize>min(step, rows - row) * stride;
    byGroups(dy + from, x + from, dx + from, size, stride, center, scale, slope, shift);
  }
}

/** Whole rows, so that stores stream. */
function byRows(
  dy: usize,
  x: usize,
  dx: usize,
  size: usize,
  stride: usize,
  center: usize,
  scale: usize,
  slope: usize,
  shift: usize,
): void {
  for (const end = dy + size; dy < end; dy += stride, x += stride, dx += stride) {
    for (let at: usize = 0; at < stride; at += 16) {
      const c = v128.load(center + at),
        k = v128.load(scale + at);
      const b = v128.load(slope + at),
        d = v128.load(shift + at);
      propagate(dx + at, v128.load(dy + at), v128.load(x + at), c, k, b, d);
    }
  }
}

/** 8 columns at a time, 8 coefficients and two values live; then 4. */
function byGroups(
  dy: usize,
  x: usize,
  dx: usize,
  size: usize,
  stride: usize,
  center: usize,
  scale: usize,
  slope: usize,
  shift: usize,
): void {
  const end = dy + size;
  let at: usize = 0;
  for (; at + 32 <= stride; at += 32) {
    const c0 = v128.load(center + at),
      c1 = v128.load(center + at, 16);
    const k0 = v128.load(scale + at),
      k1 = v128.load(scale + at, 16);
    const b0 = v128.load(slope + at),
      b1 = v128.load(slope + at, 16);
    const d0 = v128.load(shift + at),
      d1 = v128.load(shift + at, 16);
    let p = x + at,
      q = dx + at;
    for (let g = dy + at; g < end; g += stride, p += stride, q += stride) {
      propagate(q, v128.load(g), v128.load(p), c0, k0, b0, d0);
      propagate(q + 16, v128.load(g, 16), v128.load(p, 16), c1, k1, b1, d1);
    }
  }
  if (at < stride) {
    const c = v128.load(center + at),
      k = v128.load(scale + at);
    const b = v128.load(slope + at),
      d = v128.load(shift + at);
    let p = x + at,
      q = dx + at;
    for (let g = dy + at; g < end; g += stride, p += stride, q += stride) {
      propagate(q, v128.load(g), v128.load(p), c, k, b, d);
    }
  }
}
