// The backward pass over the strips of [outer, channels, inner]: first the sums, then dx.

import { addProduct, propagate, runLength, sumOf } from "./vectors";

/** 8 lanes of runs. */
const blockLength: u32 = 8 * runLength;

/**
 * Adds Σ dy and Σ dy · (x − center), float32 within runs of 128 vectors, float64 between them.
 *
 * @param sums - channels float64. @param products - channels float64.
 */
export function stripSums(
  dy: usize,
  x: usize,
  outer: u32,
  channels: u32,
  inner: u32,
  center: usize,
  sums: usize,
  products: usize,
): void {
  const strip = (<usize>inner) << 2;
  const sample = <usize>channels * strip;
  const most = max<u32>(1, blockLength / inner);
  for (let at: usize = 0; at < (<usize>channels) << 2; at += 4, dy += strip, x += strip) {
    const c = load<f32>(center + at),
      s = sums + (at << 1),
      q = products + (at << 1);
    for (let n: u32 = 0; n < outer; n += most) {
      const from = <usize>n * sample;
      const strips = min(most, outer - n);
      for (let i: u32 = 0; i < inner; i += blockLength) {
        const first = from + ((<usize>i) << 2);
        sumBlock(dy + first, x + first, strips, sample, min(blockLength, inner - i), c, s, q);
      }
    }
  }
}

/** Live: the center, 2 sums, 2 sums of products, four temporaries. */
function sumBlock(
  dy: usize,
  x: usize,
  strips: u32,
  sample: usize,
  length: u32,
  center: f32,
  sums: usize,
  products: usize,
): void {
  const c = f32x4.splat(center),
    zero = f32x4.splat(0);
  let s0 = zero,
    s1 = zero,
    q0 = zero,
    q1 = zero;
  let sum: f64 = 0,
    product: f64 = 0;
  for (; strips; strips--, dy += sample, x += sample) {
    let g = dy,
      p = x;
    const end = dy + ((<usize>length) << 2);
    for (; g + 32 <= end; g += 32, p += 32) {
      const g0 = v128.load(g);
      s0 = f32x4.add(s0, g0);
      q0 = addProduct(q0, f32x4.sub(v128.load(p), c), g0);
      const g1 = v128.load(g, 16);
      s1 = f32x4.add(s1, g1);
      q1 = addProduct(q1, f32x4.sub(v128.load(p, 16), c), g1);
    }
    for (; g < end; g += 4, p += 4) {
      const value = load<f32>(g);
      sum += <f64>value;
      product += <f64>(load<f32>(p) - center) * <f64>value;
    }
  }
  store<f64>(sums, load<f64>(sums) + (sum + sumOf(s0) + sumOf(s1)));
  store<f64>(products, load<f64>(products) + (product + sumOf(q0) + sumOf(q1)));
}

/**
 * `dx = dy · scale + ((x − center) · slope + shift)`.
 *
 * @param center - channels float32, as are scale, slope and shift.
 */
export function stripPropagate(
  dy: usize,
  x: usize,
  dx: usize,
  outer: u32,
  channels: u32,
  inner: u32,
  center: usize,
  scale: usize,
  slope: usize,
  shift: usize,
): void {
  const strip = (<usize>inner) << 2;
  for (let n: u32 = 0; n < outer; n++) {
    for (let at: usize = 0; at < (<usize>channels) << 2; at += 4) {
      const c = load<f32>(center + at),
        k = load<f32>(scale + at);
      one(dy, x, dx, inner, c, k, load<f32>(slope + at), load<f32>(shift + at));
      dy += strip;
      x += strip;
      dx += strip;
    }
  }
}

function one(
  dy: usize,
  x: usize,
  dx: usize,
  length: u32,
  center: f32,
  scale: f32,
  slope: f32,
  shift: f32,
): void {
  const c = f32x4.splat(center),
    k = f32x4.splat(scale);
  const b = f32x4.splat(slope),
    d = f32x4.splat(shift);
  const end = dy + ((<usize>length) << 2);
  for (; dy + 32 <= end; dy += 32, x += 32, dx += 32) {
    propagate(dx, v128.load(dy), v128.load(x), c, k, b, d);
    propagate(dx + 16, v128.load(dy, 16), v128.load(x, 16), c, k, b, d);
  }
  if (dy + 16 <= end) {
    propagate(dx, v128.load(dy), v128.load(x), c, k, b, d);
    dy += 16;
    x += 16;
    dx += 16;
  }
  for (; dy < end; dy += 4, x += 4, dx += 4) {
    store<f32>(dx, load<f32>(dy) * scale + ((load<f32>(x) - center) * slope + shift));
  }
}
