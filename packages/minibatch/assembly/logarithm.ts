// ln x of float64 vectors, for losses: too rare a guest for constants in memory.

import { addProduct } from "./vectors";

/**
 * ln x for x ≥ 2^-1022, within a rounding or two: `x = 2^k · m` with m from √½ to √2,
 * `s = (m − 1) / (m + 1)`, `ln m = 2s + s · s² · (…)`.
 *
 * @see Sun Microsystems' fdlibm, e_log.c
 */
export function logarithm(x: v128): v128 {
  // Moves m's range from 1–2 to √½–√2 while the exponent is cut off.
  const shifted = i64x2.add(x, i64x2.splat(0x00095f6200000000));
  const exponent = i64x2.shr_u(shifted, 52);
  const fraction = v128.and(shifted, i64x2.splat(0x000fffffffffffff));
  const m = i64x2.add(fraction, i64x2.splat(0x3fe6a09e00000000));
  // An integer below 2^52 as the fraction of 2^52, which the subtraction takes off.
  const k = f64x2.sub(
    v128.or(exponent, f64x2.splat(4503599627370496)),
    f64x2.splat(4503599627370496 + 1023),
  );
  const f = f64x2.sub(m, f64x2.splat(1));
  const s = f64x2.div(f, f64x2.add(f, f64x2.splat(2)));
  const z = f64x2.mul(s, s);
  let r = f64x2.splat(0.14798198605116586);
  r = addProduct<f64>(f64x2.splat(0.15313837699209373), r, z);
  r = addProduct<f64>(f64x2.splat(0.1818357216161805), r, z);
  r = addProduct<f64>(f64x2.splat(0.22222198432149784), r, z);
  r = addProduct<f64>(f64x2.splat(0.2857142874366239), r, z);
  r = addProduct<f64>(f64x2.splat(0.3999999999940942), r, z);
  r = addProduct<f64>(f64x2.splat(0.6666666666666735), r, z);
  r = f64x2.mul(r, z);
  const half = f64x2.mul(f64x2.splat(0.5), f64x2.mul(f, f));
  const low = addProduct<f64>(
    f64x2.mul(s, f64x2.add(half, r)),
    k,
    f64x2.splat(1.9082149292705877e-10),
  );
  const high = f64x2.mul(k, f64x2.splat(0.6931471803691238));
  return f64x2.sub(high, f64x2.sub(f64x2.sub(half, low), f));
}
