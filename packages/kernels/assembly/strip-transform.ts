// y = (x − center) · scale + shift over the strips of [outer, channels, inner].

import { transform } from "./vectors";

/** @param center - channels float32, as are scale and shift. */
export function stripTransform(
  x: usize,
  y: usize,
  outer: u32,
  channels: u32,
  inner: u32,
  center: usize,
  scale: usize,
  shift: usize,
): void {
  const strip = (<usize>inner) << 2;
  for (; outer; outer--) {
    for (let at: usize = 0; at < (<usize>channels) << 2; at += 4, x += strip, y += strip) {
      const c = load<f32>(center + at),
        k = load<f32>(scale + at);
      one(x, y, inner, c, k, load<f32>(shift + at));
    }
  }
}

function one(x: usize, y: usize, length: u32, center: f32, scale: f32, shift: f32): void {
  const c = f32x4.splat(center),
    k = f32x4.splat(scale),
    b = f32x4.splat(shift);
  const end = x + ((<usize>length) << 2);
  for (; x + 64 <= end; x += 64, y += 64) {
    v128.store(y, transform(v128.load(x), c, k, b));
    v128.store(y, transform(v128.load(x, 16), c, k, b), 16);
    v128.store(y, transform(v128.load(x, 32), c, k, b), 32);
    v128.store(y, transform(v128.load(x, 48), c, k, b), 48);
  }
  for (; x + 16 <= end; x += 16, y += 16) v128.store(y, transform(v128.load(x), c, k, b));
  for (; x < end; x += 4, y += 4) store<f32>(y, (load<f32>(x) - center) * scale + shift);
}
