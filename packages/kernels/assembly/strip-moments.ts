// Statistics of strips: a channels-first tensor [outer, channels, inner] holds a strip of `inner`
// neighbours for each sample and channel. The algorithm is that of column-moments.ts, four vectors of
// one channel side by side; a block is up to 2,048 values, 256 in the first, of one strip or of several short ones.

import { addSquare, firstRun, runLength, sumOf } from "./vectors";

/** 16 lanes of runs. */
const blockLength: u32 = 16 * runLength;
const firstLength: u32 = 16 * firstRun;

/**
 * Merges the strips into moments of `seen` values that are there already.
 *
 * @param mean - channels float64, 0 where nothing was seen. @param m2 - channels float64, likewise.
 */
export function stripMoments(
  x: usize,
  outer: u32,
  channels: u32,
  inner: u32,
  seen: u32,
  mean: usize,
  m2: usize,
): void {
  const strip = (<usize>inner) << 2;
  const sample = <usize>channels * strip;
  for (let c: u32 = 0; c < channels; c++, x += strip, mean += 8, m2 += 8) {
    channelMoments(x, outer, sample, inner, seen, mean, m2);
  }
}

/** One channel: the first block, the rest of its strip, then strips in parts or strips together. */
function channelMoments(
  x: usize,
  outer: u32,
  sample: usize,
  inner: u32,
  seen: u32,
  mean: usize,
  m2: usize,
): void {
  let n: u32 = 0;
  if (!seen && outer) {
    const length = min(inner, firstLength);
    n = min(outer, max<u32>(1, firstLength / inner));
    block(x, n, sample, length, 0, mean, m2);
    seen = parts(x, length, inner, n * length, mean, m2);
  }
  if (inner > blockLength) {
    for (; n < outer; n++) seen = parts(x + <usize>n * sample, 0, inner, seen, mean, m2);
    return;
  }
  const most = max<u32>(1, blockLength / inner);
  for (; n < outer; n += most) {
    const strips = min(most, outer - n);
    block(x + <usize>n * sample, strips, sample, inner, seen, mean, m2);
    seen += strips * inner;
  }
}

/** A strip from a value on, in blocks of about equal length and whole vectors. Returns what is seen. */
function parts(x: usize, from: u32, inner: u32, seen: u32, mean: usize, m2: usize): u32 {
  if (from >= inner) return seen;
  const blocks = (inner - from + blockLength - 1) / blockLength;
  const length = ((inner - from + blocks - 1) / blocks + 15) & ~15;
  for (let i = from; i < inner; i += length) {
    const count = min(length, inner - i);
    block(x + ((<usize>i) << 2), 1, 0, count, seen, mean, m2);
    seen += count;
  }
  return seen;
}

/** Live: the shift, 4 sums, 4 sums of squares, two temporaries. */
function block(
  x: usize,
  strips: u32,
  sample: usize,
  length: u32,
  seen: u32,
  mean: usize,
  m2: usize,
): void {
  const n = <f64>(strips * length);
  const before = load<f64>(mean);
  const shift = seen ? <f32>before : meanOf(x, strips, sample, length);
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
  let sum: f64 = 0,
    squares: f64 = 0;
  for (; strips; strips--, x += sample) {
    let p = x;
    const end = x + ((<usize>length) << 2);
    for (const whole = x + ((<usize>(length & ~15)) << 2); p < whole; p += 64) {
      const d0 = f32x4.sub(v128.load(p), k);
      s0 = f32x4.add(s0, d0);
      q0 = addSquare(q0, d0);
      const d1 = f32x4.sub(v128.load(p, 16), k);
      s1 = f32x4.add(s1, d1);
      q1 = addSquare(q1, d1);
      const d2 = f32x4.sub(v128.load(p, 32), k);
      s2 = f32x4.add(s2, d2);
      q2 = addSquare(q2, d2);
      const d3 = f32x4.sub(v128.load(p, 48), k);
      s3 = f32x4.add(s3, d3);
      q3 = addSquare(q3, d3);
    }
    for (; p + 16 <= end; p += 16) {
      const d = f32x4.sub(v128.load(p), k);
      s0 = f32x4.add(s0, d);
      q0 = addSquare(q0, d);
    }
    for (; p < end; p += 4) {
      const d = <f64>(load<f32>(p) - shift);
      sum += d;
      squares += d * d;
    }
  }
  sum += sumOf(s0) + sumOf(s1) + (sumOf(s2) + sumOf(s3));
  squares += sumOf(q0) + sumOf(q1) + (sumOf(q2) + sumOf(q3));

  const offset = sum / n;
  const delta = <f64>shift + offset - before;
  const share = n / (<f64>seen + n);
  store<f64>(mean, before + delta * share);
  const between = delta * delta * share * <f64>seen;
  store<f64>(m2, load<f64>(m2) + (squares - offset * sum + between));
}

/** The mean of a block, float32, by differences to its first value. */
function meanOf(x: usize, strips: u32, sample: usize, length: u32): f32 {
  const first = load<f32>(x);
  const k = f32x4.splat(first);
  const n = <f64>(strips * length);
  let s0 = f32x4.splat(0),
    s1 = s0;
  let sum: f64 = 0;
  for (; strips; strips--, x += sample) {
    let p = x;
    const end = x + ((<usize>length) << 2);
    for (; p + 32 <= end; p += 32) {
      s0 = f32x4.add(s0, f32x4.sub(v128.load(p), k));
      s1 = f32x4.add(s1, f32x4.sub(v128.load(p, 16), k));
    }
    for (; p < end; p += 4) sum += <f64>(load<f32>(p) - first);
  }
  return <f32>(<f64>first + (sum + sumOf(s0) + sumOf(s1)) / n);
}
