// Statistics of the columns of a row-major matrix [rows, width], width a multiple of 4: channels-last
// tensors, and every layout that can be read as one.
//
// Re-shifted block statistics: rows go in blocks, the first of 16, the others of up to 128. A block sums
// d = x − k and d² in float32 around the shift k = the running mean so far, float32, which keeps d
// small: the block's own mean in the first block, found by one more pass over it. The block's mean k + Σd/n and
// M2 = Σd² − (Σd)²/n then merge in float64.
// See Chan, Golub & LeVeque 1983, eq. 2.1 (merging) and section 3 (shifting).
//
// Channels go in groups of 16, one 64-byte cache line a row.

import { addSquare, blockOf, firstRun, narrow, upper } from "./vectors";

/** @param mean - width float64: means. @param m2 - width float64: Σ(x − mean)². */
export function columnMoments(x: usize, rows: u32, width: u32, mean: usize, m2: usize): void {
  const stride = (<usize>width) << 2;
  const block = rows > firstRun ? blockOf(rows - firstRun) : rows;
  memory.fill(mean, 0, stride << 1);
  memory.fill(m2, 0, stride << 1);
  for (let row: u32 = 0, count: u32 = 0; row < rows; row += count) {
    const from = x + <usize>row * stride;
    count = row ? min(block, rows - row) : min(firstRun, rows);
    const to = from + <usize>count * stride;
    let at: usize = 0;
    for (; at + 64 <= stride; at += 64) {
      block16(from + at, to, stride, row, count, mean + (at << 1), m2 + (at << 1));
    }
    for (; at < stride; at += 16) {
      block4(from + at, to, stride, row, count, mean + (at << 1), m2 + (at << 1));
    }
  }
}

/** 16 columns. Live: 4 shifts, 4 sums, 4 sums of squares, a difference and its square. */
function block16(
  from: usize,
  to: usize,
  stride: usize,
  seen: u32,
  count: u32,
  mean: usize,
  m2: usize,
): void {
  const zero = f32x4.splat(0);
  let k0: v128, k1: v128, k2: v128, k3: v128;
  let s0 = zero,
    s1 = zero,
    s2 = zero,
    s3 = zero;
  if (seen) {
    k0 = narrow(mean);
    k1 = narrow(mean + 32);
    k2 = narrow(mean + 64);
    k3 = narrow(mean + 96);
  } else {
    k0 = v128.load(from);
    k1 = v128.load(from, 16);
    k2 = v128.load(from, 32);
    k3 = v128.load(from, 48);
    for (let p = from; p < to; p += stride) {
      s0 = f32x4.add(s0, f32x4.sub(v128.load(p), k0));
      s1 = f32x4.add(s1, f32x4.sub(v128.load(p, 16), k1));
      s2 = f32x4.add(s2, f32x4.sub(v128.load(p, 32), k2));
      s3 = f32x4.add(s3, f32x4.sub(v128.load(p, 48), k3));
    }
    const n = f32x4.splat(<f32>count);
    k0 = f32x4.add(k0, f32x4.div(s0, n));
    k1 = f32x4.add(k1, f32x4.div(s1, n));
    k2 = f32x4.add(k2, f32x4.div(s2, n));
    k3 = f32x4.add(k3, f32x4.div(s3, n));
    s0 = s1 = s2 = s3 = zero;
  }
  let q0 = zero,
    q1 = zero,
    q2 = zero,
    q3 = zero;
  for (let p = from; p < to; p += stride) {
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
  merge4(mean, m2, k0, s0, q0, seen, count);
  merge4(mean + 32, m2 + 32, k1, s1, q1, seen, count);
  merge4(mean + 64, m2 + 64, k2, s2, q2, seen, count);
  merge4(mean + 96, m2 + 96, k3, s3, q3, seen, count);
}

/** 4 columns, as {@link block16}. */
function block4(
  from: usize,
  to: usize,
  stride: usize,
  seen: u32,
  count: u32,
  mean: usize,
  m2: usize,
): void {
  const zero = f32x4.splat(0);
  let k = v128.load(from),
    s = zero,
    q = zero;
  if (seen) {
    k = narrow(mean);
  } else {
    for (let p = from; p < to; p += stride) s = f32x4.add(s, f32x4.sub(v128.load(p), k));
    k = f32x4.add(k, f32x4.div(s, f32x4.splat(<f32>count)));
    s = zero;
  }
  for (let p = from; p < to; p += stride) {
    const d = f32x4.sub(v128.load(p), k);
    s = f32x4.add(s, d);
    q = addSquare(q, d);
  }
  merge4(mean, m2, k, s, q, seen, count);
}

/** Merges a block of four columns into what is known of the rows before it, in float64. */
function merge4(mean: usize, m2: usize, k: v128, s: v128, q: v128, seen: u32, count: u32): void {
  const n = <f64>count;
  const share = n / <f64>(seen + count);
  const perCount = f64x2.splat(1 / n);
  const weight = f64x2.splat(share);
  const squareWeight = f64x2.splat(share * <f64>seen);
  merge2(mean, m2, k, s, q, perCount, weight, squareWeight);
  merge2(mean + 16, m2 + 16, upper(k), upper(s), upper(q), perCount, weight, squareWeight);
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
