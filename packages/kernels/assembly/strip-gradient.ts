// The backward pass over the strips of [outer, channels, inner]: first the sums, then dx.

import { addProduct, propagate, runLength, sumOf } from "./vectors";

/** 8 lanes of runs. */
const blockLength: u32 = 8 * runLength;

/**
 * Adds Σ dy and Σ dy · (x − center), float32 within runs of 128 vectors, float64 between them.
 *
 * @param sums - channels float64.
 * @param products - channels float64.
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
  for (; outer; outer--) {
    for (let c: usize = 0; c < <usize>channels; c++) {
      const mean = load<f32>(center + (c << 2));
      for (let i: u32 = 0; i < inner; i += blockLength) {
        const length = min(blockLength, inner - i);
        sumBlock(dy, x, length, mean, sums + (c << 3), products + (c << 3));
        dy += (<usize>length) << 2;
        x += (<usize>length) << 2;
      }
    }
  }
}

/** Live: the center, 2 sums, 2 sums of products, four temporaries. */
function sumBlock(
  dy: usize,
  x: usize,
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
  const end = dy + ((<usize>length) << 2);
  for (; dy + 32 <= end; dy += 32, x += 32) {
    const g0 = v128.load(dy);
    s0 = f32x4.add(s0, g0);
    q0 = addProduct(q0, f32x4.sub(v128.load(x), c), g0);
    const g1 = v128.load(dy, 16);
    s1 = f32x4.add(s1, g1);
    q1 = addProduct(q1, f32x4.sub(v128.load(x, 16), c), g1);
  }
  let sum = sumOf(s0) + sumOf(s1),
    product = sumOf(q0) + sumOf(q1);
  for (; dy < end; dy += 4, x += 4) {
    const g = <f64>load<f32>(dy);
    sum += g;
    product += <f64>(load<f32>(x) - center) * g;
  }
  store<f64>(sums, load<f64>(sums) + sum);
  store<f64>(products, load<f64>(products) + product);
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
  for (; outer; outer--) {
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
    v128.store(dx, propagate(v128.load(dy), v128.load(x), c, k, b, d));
    v128.store(dx, propagate(v128.load(dy, 16), v128.load(x, 16), c, k, b, d), 16);
  }
  if (dy + 16 <= end) {
    v128.store(dx, propagate(v128.load(dy), v128.load(x), c, k, b, d));
    dy += 16;
    x += 16;
    dx += 16;
  }
  for (; dy < end; dy += 4, x += 4, dx += 4) {
    store<f32>(dx, load<f32>(dy) * scale + ((load<f32>(x) - center) * slope + shift));
  }
}
