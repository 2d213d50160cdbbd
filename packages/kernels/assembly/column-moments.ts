// Statistics of the columns of a row-major matrix [rows, width], width a multiple of 4: channels-last
// tensors, and every layout that can be read as one.
//
// Re-shifted block statistics: rows go in blocks, the first of 16, the others of up to 128. A block sums
// d = x − k and d² in float32 around the shift k = the running mean so far, float32, which keeps d
// small: the block's own mean in the first block, found by one more pass over it. The block's mean
// k + Σd/n and M2 = Σd² − (Σd)²/n then merge in float64.
// See Chan, Golub & LeVeque 1983, eq. 2.1 (merging) and section 3 (shifting).
//
// Rows go side by side, so that memory is read in order while a block's sums, 12 bytes a column, stay in
// the cache. Columns in groups, with their sums in registers, gain 2 % on a tensor in the cache
// and lose 40 % on one beyond it.

import { addSquare, blockOf, firstRun, rounded, rowsAbreast, upper } from "./vectors";

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
  memory.fill(mean, 0, stride << 1);
  memory.fill(m2, 0, stride << 1);
  const first = min(firstRun, rows);
  shiftToMeans(x, first, stride, sums);
  sumBlock(x, first, stride, 4, sums);
  merge(mean, m2, stride, sums, 0, first);

  const block = blockOf(rows - first);
  const together = rowsAbreast(rows, stride);
  for (let row = first; row < rows; row += block) {
    const count = min(block, rows - row);
    for (let at: usize = 0; at < stride; at += 16) start(sums + at * 3, rounded(mean + (at << 1)));
    sumBlock(x + <usize>row * stride, count, stride, together, sums);
    merge(mean, m2, stride, sums, row, count);
  }
}

/** Four columns' record: the shift, Σd and Σd². */
const record: usize = 48;

function start(sums: usize, shift: v128): void {
  v128.store(sums, shift);
  v128.store(sums, f32x4.splat(0), 16);
  v128.store(sums, f32x4.splat(0), 32);
}

/** Means of a few rows, by differences to the first one, as shifts. */
function shiftToMeans(x: usize, count: u32, stride: usize, sums: usize): void {
  const n = f32x4.splat(<f32>count);
  const size = <usize>count * stride;
  for (const end = x + stride; x < end; x += 16, sums += record) {
    const first = v128.load(x);
    let s = f32x4.splat(0);
    for (let p = x; p < x + size; p += stride) s = f32x4.add(s, f32x4.sub(v128.load(p), first));
    start(sums, f32x4.add(first, f32x4.div(s, n)));
  }
}

/** Σd and Σd² of a block, from its shifts. */
function sumBlock(x: usize, count: u32, stride: usize, together: u32, sums: usize): void {
  if (together === 4) {
    for (; count >= 4; count -= 4, x += 4 * stride) sum4(x, stride, sums);
  }
  for (; count; count--, x += stride) sum1(x, stride, sums);
}

/** Live: the shift, two sums, a difference and its square. */
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
    merge2(mean, m2, k, s, q, perCount, weight, squareWeight);
    merge2(mean + 16, m2 + 16, upper(k), upper(s), upper(q), perCount, weight, squareWeight);
  }
}

function merge2(
  mean: usize,
  m2: usize,
  k: v128,
  s: v128,
  q: v128,
  perCount: v128,
  weight: v128,
  squareWeight: v128,
): void {
  const sum = f64x2.promote_low_f32x4(s);
  const offset = f64x2.mul(sum, perCount);
  const blockM2 = f64x2.sub(f64x2.promote_low_f32x4(q), f64x2.mul(offset, sum));
  const before = v128.load(mean);
  const delta = f64x2.sub(f64x2.add(f64x2.promote_low_f32x4(k), offset), before);
  v128.store(mean, f64x2.add(before, f64x2.mul(delta, weight)));
  const between = f64x2.mul(f64x2.mul(delta, delta), squareWeight);
  v128.store(m2, f64x2.add(v128.load(m2), f64x2.add(blockM2, between)));
}
