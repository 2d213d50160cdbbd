// How fast WASM can multiply and add when it need not wait for memory: what a dense product could reach.

/**
 * Twelve chains of `v = v · a + b`, none of which waits for another; with a and b they fill the
 * registers. An iteration is 24 operations on each lane: 96 for f32, 48 for f64.
 */
function chains<T>(iterations: i32, a: T, b: T): T {
  const p = v128.splat<T>(a);
  const q = v128.splat<T>(b);
  // Different starts, lest the compiler find that one chain would do.
  let v0 = v128.splat<T>(<T>0);
  let v1 = v128.splat<T>(<T>1);
  let v2 = v128.splat<T>(<T>2);
  let v3 = v128.splat<T>(<T>3);
  let v4 = v128.splat<T>(<T>4);
  let v5 = v128.splat<T>(<T>5);
  let v6 = v128.splat<T>(<T>6);
  let v7 = v128.splat<T>(<T>7);
  let v8 = v128.splat<T>(<T>8);
  let v9 = v128.splat<T>(<T>9);
  let v10 = v128.splat<T>(<T>10);
  let v11 = v128.splat<T>(<T>11);
  for (let i = 0; i < iterations; i++) {
    v0 = v128.add<T>(v128.mul<T>(v0, p), q);
    v1 = v128.add<T>(v128.mul<T>(v1, p), q);
    v2 = v128.add<T>(v128.mul<T>(v2, p), q);
    v3 = v128.add<T>(v128.mul<T>(v3, p), q);
    v4 = v128.add<T>(v128.mul<T>(v4, p), q);
    v5 = v128.add<T>(v128.mul<T>(v5, p), q);
    v6 = v128.add<T>(v128.mul<T>(v6, p), q);
    v7 = v128.add<T>(v128.mul<T>(v7, p), q);
    v8 = v128.add<T>(v128.mul<T>(v8, p), q);
    v9 = v128.add<T>(v128.mul<T>(v9, p), q);
    v10 = v128.add<T>(v128.mul<T>(v10, p), q);
    v11 = v128.add<T>(v128.mul<T>(v11, p), q);
  }
  v0 = v128.add<T>(v128.add<T>(v0, v1), v128.add<T>(v2, v3));
  v4 = v128.add<T>(v128.add<T>(v4, v5), v128.add<T>(v6, v7));
  v8 = v128.add<T>(v128.add<T>(v8, v9), v128.add<T>(v10, v11));
  return v128.extract_lane<T>(v128.add<T>(v128.add<T>(v0, v4), v8), 0);
}

export function peakF32(iterations: i32, a: f32, b: f32): f32 {
  return chains<f32>(iterations, a, b);
}

export function peakF64(iterations: i32, a: f64, b: f64): f64 {
  return chains<f64>(iterations, a, b);
}
