// The backward pass over the columns of [rows, width], width a multiple of 4: first the sums, then dx. Rows
// go in panels, and through a panel columns go in groups, with what is per column in registers.

import {
  addProduct,
  blockOf,
  flush,
  fromMemory,
  propagate,
  rowsOfPanel,
  runLength,
} from "./vectors";

/** Bytes of a panel of narrow rows that comes from memory, and is asked for before it is gone through. */
const panelAhead: usize = 1024;

/**
 * How many of them to ask for: what is left, hardware has fetched by then. On [32, 56, 56, 64] dx takes 9 %
 * more with all of them, and 5 % more with none; the sums take a fifth more with none.
 */
const aheadOfSums: usize = 640;
const aheadOfStores: usize = 768;

/** A panel of one row gains nothing. */
function goesAhead(rows: u32, stride: usize): bool {
  return stride <= panelAhead / 2 && fromMemory(<usize>rows * stride);
}

/**
 * Asks for the next bytes, one load a cache line: side by side, memory brings them sooner than when sums and
 * stores come between. No compiler may leave the loads out, since they can trap.
 */
function askFor(from: usize, bytes: usize): void {
  for (const end = from + bytes; from < end; from += 64) load<u32>(from);
}

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
  const ahead = goesAhead(rows, stride);
  const panel = ahead ? <u32>(panelAhead / stride) : rowsOfPanel(rows, stride, runLength, 8, 4);
  memory.fill(sums, 0, stride << 1);
  memory.fill(products, 0, stride << 1);
  for (let row: u32 = 0; row < rows; row += block) {
    memory.fill(partial, 0, stride << 1);
    for (let count = min(block, rows - row), few: u32 = 0; count; count -= few) {
      few = min(panel, count);
      const size = <usize>few * stride;
      if (ahead) {
        askFor(x, min(size, aheadOfSums));
        askFor(dy, min(size, aheadOfSums));
      }
      sumPanel(dy, x, size, stride, center, partial);
      dy += size;
      x += size;
    }
    for (let at: usize = 0; at < 2 * stride; at += 32) {
      flush(sums + at, v128.load(partial + at));
      flush(products + at, v128.load(partial + at, 16));
    }
  }
}

/** 16 columns at a time, then 4. Live: 4 centers, 8 sums, a dy and a product. */
function sumPanel(
  dy: usize,
  x: usize,
  size: usize,
  stride: usize,
  center: usize,
  partial: usize,
): void {
  const end = dy + size;
  let at: usize = 0;
  for (; at + 64 <= stride; at += 64, center += 64, partial += 128) {
    const c0 = v128.load(center),
      c1 = v128.load(center, 16),
      c2 = v128.load(center, 32),
      c3 = v128.load(center, 48);
    let s0 = v128.load(partial),
      s1 = v128.load(partial, 32),
      s2 = v128.load(partial, 64),
      s3 = v128.load(partial, 96);
    let q0 = v128.load(partial, 16),
      q1 = v128.load(partial, 48),
      q2 = v128.load(partial, 80),
      q3 = v128.load(partial, 112);
    for (let g = dy + at, p = x + at; g < end; g += stride, p += stride) {
      const g0 = v128.load(g);
      s0 = f32x4.add(s0, g0);
      q0 = addProduct(q0, f32x4.sub(v128.load(p), c0), g0);
      const g1 = v128.load(g, 16);
      s1 = f32x4.add(s1, g1);
      q1 = addProduct(q1, f32x4.sub(v128.load(p, 16), c1), g1);
      const g2 = v128.load(g, 32);
      s2 = f32x4.add(s2, g2);
      q2 = addProduct(q2, f32x4.sub(v128.load(p, 32), c2), g2);
      const g3 = v128.load(g, 48);
      s3 = f32x4.add(s3, g3);
      q3 = addProduct(q3, f32x4.sub(v128.load(p, 48), c3), g3);
    }
    v128.store(partial, s0);
    v128.store(partial, q0, 16);
    v128.store(partial, s1, 32);
    v128.store(partial, q1, 48);
    v128.store(partial, s2, 64);
    v128.store(partial, q2, 80);
    v128.store(partial, s3, 96);
    v128.store(partial, q3, 112);
  }
  for (; at < stride; at += 16, center += 16, partial += 32) {
    const c = v128.load(center);
    let s = v128.load(partial),
      q = v128.load(partial, 16);
    for (let g = dy + at, p = x + at; g < end; g += stride, p += stride) {
      const d = v128.load(g);
      s = f32x4.add(s, d);
      q = addProduct(q, f32x4.sub(v128.load(p), c), d);
    }
    v128.store(partial, s);
    v128.store(partial, q, 16);
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
  const ahead = goesAhead(rows, stride);
  const panel = ahead ? <u32>(panelAhead / stride) : rowsOfPanel(rows, stride, 16, 4, 4);
  for (let few: u32 = 0; rows; rows -= few) {
    few = min(panel, rows);
    const size = <usize>few * stride;
    if (ahead) {
      const bytes = min(size, aheadOfStores);
      askFor(x, bytes);
      askFor(dy, bytes);
      // Stores into lines that are there need not wait for them.
      askFor(dx, bytes);
    }
    propagatePanel(dy, x, dx, size, stride, center, scale, slope, shift);
    dy += size;
    x += size;
    dx += size;
  }
}

/** 8 columns at a time, 8 coefficients and two values live; then 4. */
function propagatePanel(
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
    for (let g = dy + at, p = x + at, q = dx + at; g < end; g += stride, p += stride, q += stride) {
      v128.store(q, propagate(v128.load(g), v128.load(p), c0, k0, b0, d0));
      v128.store(q, propagate(v128.load(g, 16), v128.load(p, 16), c1, k1, b1, d1), 16);
    }
  }
  if (at < stride) {
    const c = v128.load(center + at),
      k = v128.load(scale + at),
      b = v128.load(slope + at),
      d = v128.load(shift + at);
    for (let g = dy + at, p = x + at, q = dx + at; g < end; g += stride, p += stride, q += stride) {
      v128.store(q, propagate(v128.load(g), v128.load(p), c, k, b, d));
    }
  }
}
