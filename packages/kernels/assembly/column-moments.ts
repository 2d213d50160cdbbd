// Statistics of the columns of a row-major matrix [rows, width], width a multiple of 4: channels-last
// tensors, and every layout that can be read as one.
//
// Re-shifted block statistics: rows go in blocks, the first of 16, the others of up to 128. A block sums
// d = x − k and d² in float32 around the shift k = the running mean so far, float32, which keeps d
// small: the mean of four rows in the first block. The block's mean k + Σd/n and M2 = Σd² − (Σd)²/n then
// merge in float64.
// See Chan, Golub & LeVeque 1983, eq. 2.1 (merging) and section 3 (shifting).
//
// Columns go in groups, with their sums in registers, through a tile of rows. A tensor in the cache is one
// tile a block. From memory a tile is 2 kB that the tile before has asked for, line by line in order:
// memory is fetched ahead along a line alone, and a group's own reads jump from row to row. That is a
// fifth faster than rows side by side, and groups through tiles that nobody asked for are a tenth slower.
// Rows too wide for a tile go four side by side, with a block's sums, 12 bytes a column, in the cache.

import { addSquare, blockOf, demoted, firstRun, rowsOfTile, upper } from "./vectors";

/**
 * @param mean - width float64: means.
 * @param m2 - width float64: Σ(x − mean)².
 * @param sums - 12 bytes a column.
 */
export function columnMoments(
  x: usize,
  rows: u32,
  width: u32,
  mean: usize,
  m2: usize,
  sums: usize,
): void {
  const stride = (<usize>width) << 2;
  const first = min(firstRun, rows);
  measureFirst(x, first, stride, mean, m2, sums);
  const block = blockOf(rows - first);
  const tile = rowsOfTile(rows, stride);
  const end = x + <usize>rows * stride;
  for (let row = first; row < rows; row += block) {
    const count = min(block, rows - row);
    sumBlock(x + <usize>row * stride, count, stride, tile, end, sums);
    merge(mean, m2, stride, sums, row, count);
  }
}

/** Four columns' record: the shift, Σd and Σd². */
const record: usize = 48;

/** Starts four columns' sums around their mean, two vectors of float64. */
function start(sums: usize, low: v128, high: v128): void {
  v128.store(sums, demoted(low, high));
  v128.store(sums, f32x4.splat(0), 16);
  v128.store(sums, f32x4.splat(0), 32);
}

/** How many rows the first shift is the mean of: one outlier among them does not decide it alone. */
const shiftRun: u32 = 4;

/**
 * Mean and M2 of the first block: Σd and Σd² around the mean of its first rows, itself found by differences
 * to the very first. Four rows are added up before they join a sum, which then is not waited for.
 */
function measureFirst(
  x: usize,
  count: u32,
  stride: usize,
  mean: usize,
  m2: usize,
  sums: usize,
): void {
  const shiftRows = min(shiftRun, count);
  const perShift = f32x4.splat(1 / <f32>shiftRows),
    perCount = f64x2.splat(1 / <f64>count);
  const toShift = <usize>shiftRows * stride,
    toFours = <usize>(count & ~3) * stride,
    toEnd = <usize>count * stride;
  const stride2 = 2 * stride,
    stride3 = 3 * stride,
    stride4 = 4 * stride;
  for (const end = x + stride; x < end; x += 16, sums += record, mean += 32, m2 += 32) {
    const first = v128.load(x);
    let k = f32x4.splat(0);
    for (let p = x + stride; p < x + toShift; p += stride) {
      k = f32x4.add(k, f32x4.sub(v128.load(p), first));
    }
    k = f32x4.add(first, f32x4.mul(k, perShift));
    let s = f32x4.splat(0),
      q = s,
      p = x;
    for (const last = x + toFours; p < last; p += stride4) {
      const d0 = f32x4.sub(v128.load(p), k),
        d1 = f32x4.sub(v128.load(p + stride), k),
        d2 = f32x4.sub(v128.load(p + stride2), k),
        d3 = f32x4.sub(v128.load(p + stride3), k);
      s = f32x4.add(s, f32x4.add(f32x4.add(d0, d1), f32x4.add(d2, d3)));
      const q0 = addSquare(f32x4.mul(d0, d0), d1),
        q1 = addSquare(f32x4.mul(d2, d2), d3);
      q = f32x4.add(q, f32x4.add(q0, q1));
    }
    for (const last = x + toEnd; p < last; p += stride) {
      const d = f32x4.sub(v128.load(p), k);
      s = f32x4.add(s, d);
      q = addSquare(q, d);
    }
    const low = measure2(mean, m2, k, s, q, perCount),
      high = measure2(mean + 16, m2 + 16, upper(k), upper(s), upper(q), perCount);
    start(sums, low, high);
  }
}

/** The mean of a block, which is returned too, and its M2, for two columns. */
function measure2(mean: usize, m2: usize, k: v128, s: v128, q: v128, perCount: v128): v128 {
  const sum = f64x2.promote_low_f32x4(s);
  const offset = f64x2.mul(sum, perCount);
  const center = f64x2.add(f64x2.promote_low_f32x4(k), offset);
  v128.store(mean, center);
  v128.store(m2, f64x2.sub(f64x2.promote_low_f32x4(q), f64x2.mul(offset, sum)));
  return center;
}

/** Σd and Σd² of a block, from its shifts; `end` is that of the tensor. */
function sumBlock(x: usize, count: u32, stride: usize, tile: u32, end: usize, sums: usize): void {
  while (tile && count) {
    const rows = min(count, tile);
    const size = <usize>rows * stride;
    sumTile(x, size, stride, min(x + size, end - size), sums);
    count -= rows;
    x += size;
  }
  for (; count >= 4; count -= 4, x += 4 * stride) sum4(x, stride, sums);
  for (; count; count--, x += stride) sum1(x, stride, sums);
}

/**
 * A tile of rows, 16 columns at a time, then 4. Live: 4 shifts, 8 sums, a difference and its square.
 *
 * @param ahead - From here a line is read for every row of 16 columns: the next tile, in order.
 */
function sumTile(x: usize, size: usize, stride: usize, ahead: usize, sums: usize): void {
  const end = x + stride;
  for (; x + 64 <= end; x += 64, sums += 4 * record) {
    const k0 = v128.load(sums),
      k1 = v128.load(sums, 48),
      k2 = v128.load(sums, 96),
      k3 = v128.load(sums, 144);
    let s0 = v128.load(sums, 16),
      s1 = v128.load(sums, 64),
      s2 = v128.load(sums, 112),
      s3 = v128.load(sums, 160);
    let q0 = v128.load(sums, 32),
      q1 = v128.load(sums, 80),
      q2 = v128.load(sums, 128),
      q3 = v128.load(sums, 176);
    for (let p = x, last = x + size; p < last; p += stride, ahead += 64) {
      load<u32>(ahead);
      const d0 = f32x4.sub(v128.load(p), k0);
      s0 = f32x4.add(s0, d0);
      q0 = addSquare(q0, d0);
      const d1 = f32x4.sub(v128.load(p, 16), k1);
      s1 = f32x4.add(s1, d1);
      q1 = addSquare(q1, d1);
      const d2 = f32x4.sub(v128.load(p, 32), k2);
      s2 = f32x4.add(s2, d2);
      q2 = addSquare(q2, d2);
      const d3 = f32x4.sub(v128.load(p, 48), k3);
      s3 = f32x4.add(s3, d3);
      q3 = addSquare(q3, d3);
    }
    v128.store(sums, s0, 16);
    v128.store(sums, s1, 64);
    v128.store(sums, s2, 112);
    v128.store(sums, s3, 160);
    v128.store(sums, q0, 32);
    v128.store(sums, q1, 80);
    v128.store(sums, q2, 128);
    v128.store(sums, q3, 176);
  }
  for (; x < end; x += 16, sums += record) {
    const k = v128.load(sums);
    let s = v128.load(sums, 16),
      q = v128.load(sums, 32);
    for (let p = x, last = x + size; p < last; p += stride) {
      const d = f32x4.sub(v128.load(p), k);
      s = f32x4.add(s, d);
      q = addSquare(q, d);
    }
    v128.store(sums, s, 16);
    v128.store(sums, q, 32);
  }
}

/** Four wide rows. Live: the shift, two sums, a difference and its square. */
function sum4(x: usize, stride: usize, sums: usize): void {
  let x1 = x + stride,
    x2 = x1 + stride,
    x3 = x2 + stride;
  for (const end = x1; x < end; x += 16, x1 += 16, x2 += 16, x3 += 16, sums += record) {
    const k = v128.load(sums);
    let s = v128.load(sums, 16),
      q = v128.load(sums, 32);
    const d0 = f32x4.sub(v128.load(x), k);
    s = f32x4.add(s, d0);
    q = addSquare(q, d0);
    const d1 = f32x4.sub(v128.load(x1), k);
    s = f32x4.add(s, d1);
    q = addSquare(q, d1);
    const d2 = f32x4.sub(v128.load(x2), k);
    s = f32x4.add(s, d2);
    q = addSquare(q, d2);
    const d3 = f32x4.sub(v128.load(x3), k);
    s = f32x4.add(s, d3);
    q = addSquare(q, d3);
    v128.store(sums, s, 16);
    v128.store(sums, q, 32);
  }
}

function sum1(x: usize, stride: usize, sums: usize): void {
  for (const end = x + stride; x < end; x += 16, sums += record) {
    const d = f32x4.sub(v128.load(x), v128.load(sums));
    v128.store(sums, f32x4.add(v128.load(sums, 16), d), 16);
    v128.store(sums, addSquare(v128.load(sums, 32), d), 32);
  }
}

/** Merges a block of `count` rows into what is known of `seen` rows before it, in float64. */
function merge(mean: usize, m2: usize, stride: usize, sums: usize, seen: u32, count: u32): void {
  const n = <f64>count;
  const share = n / <f64>(seen + count);
  const perCount = f64x2.splat(1 / n);
  const weight = f64x2.splat(share);
  const squareWeight = f64x2.splat(share * <f64>seen);
  for (const end = sums + 3 * stride; sums < end; sums += record, mean += 32, m2 += 32) {
    const k = v128.load(sums),
      s = v128.load(sums, 16),
      q = v128.load(sums, 32);
    const low = merge2(mean, m2, k, s, q, perCount, weight, squareWeight),
      high = merge2(
        mean + 16,
        m2 + 16,
        upper(k),
        upper(s),
        upper(q),
        perCount,
        weight,
        squareWeight,
      );
    start(sums, low, high);
  }
}

/** Two columns' mean so far is returned too. */
function merge2(
  mean: usize,
  m2: usize,
  k: v128,
  s: v128,
  q: v128,
  perCount: v128,
  weight: v128,
  squareWeight: v128,
): v128 {
  const sum = f64x2.promote_low_f32x4(s);
  const offset = f64x2.mul(sum, perCount);
  const blockM2 = f64x2.sub(f64x2.promote_low_f32x4(q), f64x2.mul(offset, sum));
  const before = v128.load(mean);
  const delta = f64x2.sub(f64x2.add(f64x2.promote_low_f32x4(k), offset), before);
  const after = f64x2.add(before, f64x2.mul(delta, weight));
  v128.store(mean, after);
  const between = f64x2.mul(f64x2.mul(delta, delta), squareWeight);
  v128.store(m2, f64x2.add(v128.load(m2), f64x2.add(blockM2, between)));
  return after;
}
