// y = (x − center) · scale + shift over the strips of [outer, channels, inner], from the last sample to
// the first: the pass before read them in order, and what it read last is still in the cache.

import { aheadOfStrip, readAhead, streaming, transform } from "./vectors";

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
  const sample = <usize>channels * strip;
  const ahead: usize = <usize>outer * sample >= streaming ? aheadOfStrip : 0;
  while (outer--) {
    let p = x + <usize>outer * sample,
      q = y + <usize>outer * sample;
    for (let at: usize = 0; at < (<usize>channels) << 2; at += 4, p += strip, q += strip) {
      const c = load<f32>(center + at),
        k = load<f32>(scale + at);
      one(p, q, inner, c, k, load<f32>(shift + at), ahead);
    }
  }
}

/** @param ahead - Bytes of x to ask for together; 0 in the cache. */
function one(
  x: usize,
  y: usize,
  length: u32,
  center: f32,
  scale: f32,
  shift: f32,
  ahead: usize,
): void {
  const c = f32x4.splat(center),
    k = f32x4.splat(scale),
    b = f32x4.splat(shift);
  const end = x + ((<usize>length) << 2);
  while (x + 64 <= end) {
    const stop = ahead ? min(x + ahead, end) : end;
    if (ahead) readAhead(x, stop, ahead);
    for (; x + 64 <= stop; x += 64, y += 64) {
      transform(y, v128.load(x), c, k, b);
      transform(y + 16, v128.load(x, 16), c, k, b);
      transform(y + 32, v128.load(x, 32), c, k, b);
      transform(y + 48, v128.load(x, 48), c, k, b);
    }
  }
  for (; x + 16 <= end; x += 16, y += 16) transform(y, v128.load(x), c, k, b);
  for (; x < end; x += 4, y += 4) store<f32>(y, (load<f32>(x) - center) * scale + shift);
}
