// Statistics of strips: a channels-first tensor [outer, channels, inner] holds a strip of `inner`
// neighbours for each sample and channel. The algorithm is that of column-moments.ts, with four vectors
// of one channel side by side, and memory is read in order: a long strip is a block or more of its own,
// short ones of several samples share a block, whose sums wait in the cache.

import { addSquare, firstRun, runLength, sumOf } from "./vectors";

/** The most values of a block, 16 lanes of runs, in the first one and in the others. */
const firstLength: u32 = 16 * firstRun;
const blockLength: u32 = 16 * runLength;
/** Strips below this share blocks, of 4 lanes of runs. */
const longStrip: u32 = 4 * runLength;

/**
 * Merges the strips into moments of `seen` values that are there already.
 *
 * @param mean - channels float64, 0 where nothing was seen.
 * @param m2 - channels float64, likewise.
 * @param sums - channels times three vectors: shift, Σd, Σd².
 */
export function stripMoments(
  x: usize,
  outer: u32,
  channels: u32,
  inner: u32,
  seen: u32,
  mean: usize,
  m2: usize,
  sums: usize,
): void {
  if (!outer) return;
  const strip = (<usize>inner) << 2;
  if (!seen) {
    const lead = min(inner, firstLength);
    for (let c: usize = 0; c < <usize>channels; c++, x += strip) {
      block(x, lead, 0, mean + (c << 3), m2 + (c << 3));
      parts(x, lead, inner, lead, mean + (c << 3), m2 + (c << 3));
    }
    outer--;
    seen = inner;
  }
  if (inner < longStrip) {
    shortStrips(x, outer, channels, inner, seen, mean, m2, sums);
    return;
  }
  for (; outer; outer--, seen += inner) {
    for (let c: usize = 0; c < <usize>channels; c++, x += strip) {
      parts(x, 0, inner, seen, mean + (c << 3), m2 + (c << 3));
    }
  }
}

/** A strip from a value on, in blocks of about equal length and whole vectors. */
function parts(x: usize, from: u32, inner: u32, seen: u32, mean: usize, m2: usize): void {
  if (from >= inner) return;
  const blocks = (inner - from + blockLength - 1) / blockLength;
  const length = ((inner - from + blocks - 1) / blocks + 15) & ~15;
  for (let i = from; i < inner; i += length) {
    const count = min(length, inner - i);
    block(x + ((<usize>i) << 2), count, seen, mean, m2);
    seen += count;
  }
}

/** Live: the shift, 4 sums, 4 sums of squares, two temporaries. */
function block(x: usize, length: u32, seen: u32, mean: usize, m2: usize): void {
  const shift = seen ? <f32>load<f64>(mean) : meanOf(x, length);
  const k = f32x4.splat(shift);
  const zero = f32x4.splat(0);
  let s0 = zero,
    s1 = zero,
    s2 = zero,
    s3 = zero,
    q0 = zero,
    q1 = zero,
    q2 = zero,
    q3 = zero;
  const end = x + ((<usize>length) << 2);
  for (; x + 64 <= end; x += 64) {
    const d0 = f32x4.sub(v128.load(x), k);
    s0 = f32x4.add(s0, d0);
    q0 = addSquare(q0, d0);
    const d1 = f32x4.sub(v128.load(x, 16), k);
    s1 = f32x4.add(s1, d1);
    q1 = addSquare(q1, d1);
    const d2 = f32x4.sub(v128.load(x, 32), k);
    s2 = f32x4.add(s2, d2);
    q2 = addSquare(q2, d2);
    const d3 = f32x4.sub(v128.load(x, 48), k);
    s3 = f32x4.add(s3, d3);
    q3 = addSquare(q3, d3);
  }
  for (; x + 16 <= end; x += 16) {
    const d = f32x4.sub(v128.load(x), k);
    s0 = f32x4.add(s0, d);
    q0 = addSquare(q0, d);
  }
  let sum = sumOf(s0) + sumOf(s1) + (sumOf(s2) + sumOf(s3));
  let squares = sumOf(q0) + sumOf(q1) + (sumOf(q2) + sumOf(q3));
  for (; x < end; x += 4) {
    const d = <f64>(load<f32>(x) - shift);
    sum += d;
    squares += d * d;
  }
  merge(mean, m2, <f64>shift, sum, squares, <f64>seen, <f64>length);
}

/** The mean of a block, float32, by differences to its first value. */
function meanOf(x: usize, length: u32): f32 {
  const first = load<f32>(x);
  const k = f32x4.splat(first);
  let s = f32x4.splat(0);
  const end = x + ((<usize>length) << 2);
  for (; x + 16 <= end; x += 16) s = f32x4.add(s, f32x4.sub(v128.load(x), k));
  let sum = sumOf(s);
  for (; x < end; x += 4) sum += <f64>(load<f32>(x) - first);
  return <f32>(<f64>first + sum / <f64>length);
}

function shortStrips(
  x: usize,
  outer: u32,
  channels: u32,
  inner: u32,
  seen: u32,
  mean: usize,
  m2: usize,
  sums: usize,
): void {
  const most = longStrip / inner;
  const size = <usize>channels * 48;
  for (; outer; ) {
    const samples = min(outer, most);
    for (let at: usize = 0, c = mean; at < size; at += 48, c += 8) {
      v128.store(sums + at, f32x4.splat(<f32>load<f64>(c)));
      memory.fill(sums + at + 16, 0, 32);
    }
    for (let n: u32 = 0; n < samples; n++) {
      for (let at: usize = 0; at < size; at += 48, x += (<usize>inner) << 2) {
        addStrip(x, inner, sums + at);
      }
    }
    const count = samples * inner;
    for (let at: usize = 0, c: usize = 0; at < size; at += 48, c += 8) {
      const shift = <f64>load<f32>(sums + at);
      const sum = sumOf(v128.load(sums + at, 16)),
        squares = sumOf(v128.load(sums + at, 32));
      merge(mean + c, m2 + c, shift, sum, squares, <f64>seen, <f64>count);
    }
    seen += count;
    outer -= samples;
  }
}

/** Adds a short strip to the sums of its channel. Live: the shift, two pairs of sums, two temporaries. */
function addStrip(x: usize, length: u32, sums: usize): void {
  const k = v128.load(sums);
  let s0 = v128.load(sums, 16),
    q0 = v128.load(sums, 32),
    s1 = f32x4.splat(0),
    q1 = s1;
  const end = x + ((<usize>length) << 2);
  for (; x + 32 <= end; x += 32) {
    const d0 = f32x4.sub(v128.load(x), k);
    s0 = f32x4.add(s0, d0);
    q0 = addSquare(q0, d0);
    const d1 = f32x4.sub(v128.load(x, 16), k);
    s1 = f32x4.add(s1, d1);
    q1 = addSquare(q1, d1);
  }
  if (x + 16 <= end) {
    const d = f32x4.sub(v128.load(x), k);
    s0 = f32x4.add(s0, d);
    q0 = addSquare(q0, d);
    x += 16;
  }
  // Single values count in the first lane alone.
  const one = i32x4(-1, 0, 0, 0);
  for (; x < end; x += 4) {
    const d = v128.and(f32x4.sub(v128.load32_zero(x), k), one);
    s1 = f32x4.add(s1, d);
    q1 = addSquare(q1, d);
  }
  v128.store(sums, f32x4.add(s0, s1), 16);
  v128.store(sums, f32x4.add(q0, q1), 32);
}

/** Merges a block of n values, by its sums around a shift, into what is known of `seen` values. */
function merge(
  mean: usize,
  m2: usize,
  shift: f64,
  sum: f64,
  squares: f64,
  seen: f64,
  n: f64,
): void {
  const offset = sum / n;
  const before = load<f64>(mean);
  const delta = shift + offset - before;
  const share = n / (seen + n);
  store<f64>(mean, before + delta * share);
  store<f64>(m2, load<f64>(m2) + (squares - offset * sum + delta * delta * share * seen));
}
