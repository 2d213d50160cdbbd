// What this machine can do at best from WASM: move bytes, and multiply and add. The kernels are judged
// by these, so they do nothing else; 4 or 8 vectors an iteration hide the latency of each.

/** Sums the floats in [x, x + bytes), by eight sums, so that no addition waits for the one before. */
export function read(x: usize, bytes: usize): f32 {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  const end = x + bytes;
  for (const last = end - 128; x <= last; x += 128) {
    s0 = f32x4.add(s0, v128.load(x));
    s1 = f32x4.add(s1, v128.load(x, 16));
    s2 = f32x4.add(s2, v128.load(x, 32));
    s3 = f32x4.add(s3, v128.load(x, 48));
    s4 = f32x4.add(s4, v128.load(x, 64));
    s5 = f32x4.add(s5, v128.load(x, 80));
    s6 = f32x4.add(s6, v128.load(x, 96));
    s7 = f32x4.add(s7, v128.load(x, 112));
  }
  for (; x < end; x += 16) s0 = f32x4.add(s0, v128.load(x));
  s0 = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  s4 = f32x4.add(f32x4.add(s4, s5), f32x4.add(s6, s7));
  return f32x4.extract_lane(f32x4.add(s0, s4), 0);
}

/** y = x. */
export function copy(x: usize, y: usize, bytes: usize): void {
  const end = x + bytes;
  for (const last = end - 64; x <= last; x += 64, y += 64) {
    v128.store(y, v128.load(x));
    v128.store(y, v128.load(x, 16), 16);
    v128.store(y, v128.load(x, 32), 32);
    v128.store(y, v128.load(x, 48), 48);
  }
  for (; x < end; x += 16, y += 16) v128.store(y, v128.load(x));
}

/** z = x + factor · y. */
export function triad(x: usize, y: usize, z: usize, factor: f32, bytes: usize): void {
  const k = f32x4.splat(factor);
  const end = x + bytes;
  for (const last = end - 64; x <= last; x += 64, y += 64, z += 64) {
    v128.store(z, f32x4.add(v128.load(x), f32x4.mul(k, v128.load(y))));
    v128.store(z, f32x4.add(v128.load(x, 16), f32x4.mul(k, v128.load(y, 16))), 16);
    v128.store(z, f32x4.add(v128.load(x, 32), f32x4.mul(k, v128.load(y, 32))), 32);
    v128.store(z, f32x4.add(v128.load(x, 48), f32x4.mul(k, v128.load(y, 48))), 48);
  }
  for (; x < end; x += 16, y += 16, z += 16) {
    v128.store(z, f32x4.add(v128.load(x), f32x4.mul(k, v128.load(y))));
  }
}
