// What each channel is computed with, in float64, two channels at a time. Arrays of float64 and float32
// per channel have room for an even number.

/**
 * Squares of what float32 coefficients may be: beyond 1e30 and 1e-30 they lose digits to denormals, or
 * overflow on the way. Squares, since a sum of them takes one comparison, and no absolute values.
 */
const largestSquare: f64 = 1e60;
const smallestSquare: f64 = 1e-60;
/** Beyond this r, or its inverse, products of dy and x − mean do. */
const largestRoot: f64 = 1e15;

/** All lanes with a square, or a sum of squares, in range. NaN is outside. */
function bounded(square: v128): v128 {
  return f64x2.le(square, f64x2.splat(largestSquare));
}

/** All lanes with 0, or a square that is not too small. */
function distinct(v: v128, square: v128): v128 {
  const none = f64x2.eq(v, f64x2.splat(0));
  return v128.or(none, f64x2.ge(square, f64x2.splat(smallestSquare)));
}

function storeFloats(p: usize, v: v128): void {
  v128.store64_lane(p, f32x4.demote_f64x2_zero(v), 0);
}

/**
 * `r = 1/√(spread / divisor + epsilon)`, and float32 coefficients of `y = (x − center) · scale + shift`:
 * `center = fround(mean)`, `scale = gamma · r`, `shift = beta − (mean − center) · scale`. The part of the
 * mean that float32 does not hold goes into the shift, or it would cost 0.05 of y at mean 1e4 and
 * standard deviation 1e-2.
 *
 * @param spread - Variances with divisor 1, or M2 with divisor m.
 * @returns whether float32 carries every coefficient.
 */
export function standardize(
  channels: u32,
  mean: usize,
  spread: usize,
  divisor: f64,
  epsilon: f64,
  gamma: usize,
  beta: usize,
  r: usize,
  center: usize,
  scale: usize,
  shift: usize,
): bool {
  const inverse = f64x2.splat(1 / divisor),
    e = f64x2.splat(epsilon),
    one = f64x2.splat(1);
  let good = v128.not(i64x2.splat(0)),
    before = good,
    last = good;
  for (let c: u32 = 0; c < channels; c += 2) {
    const at = (<usize>c) << 3,
      half = at >> 1;
    const variance = f64x2.mul(v128.load(spread + at), inverse);
    const deviation = f64x2.sqrt(f64x2.add(variance, e));
    const root = f64x2.div(one, deviation);
    v128.store(r + at, root);
    const m = v128.load(mean + at);
    const k = f64x2.mul(v128.load(gamma + at), root);
    const rounded = f32x4.demote_f64x2_zero(m);
    const low = f64x2.sub(m, f64x2.promote_low_f32x4(rounded));
    const b = f64x2.sub(v128.load(beta + at), f64x2.mul(low, k));
    v128.store64_lane(center + half, rounded, 0);
    storeFloats(scale + half, k);
    storeFloats(shift + half, b);
    const square = f64x2.mul(k, k);
    const squares = addSquares(square, b, m);
    last = v128.and(
      v128.and(distinct(k, square), bounded(squares)),
      f64x2.le(f64x2.add(root, deviation), f64x2.splat(largestRoot)),
    );
    before = good;
    good = v128.and(good, last);
  }
  return all(good, before, last, channels);
}

/** `v + a² + b²`. */
function addSquares(v: v128, a: v128, b: v128): v128 {
  return f64x2.add(v, f64x2.add(f64x2.mul(a, a), f64x2.mul(b, b)));
}

/** Whether every pair is good; of an odd number of channels, those before the last, and its first lane. */
function all(good: v128, before: v128, last: v128, channels: u32): bool {
  if (channels & 1) return i64x2.all_true(before) && i64x2.extract_lane(last, 0) !== 0;
  return i64x2.all_true(good);
}

/**
 * From `sums = Σ dy` and `products = Σ dy · (x − center)`: dgamma = Σ dy · xHat, in place of the
 * products, and float32 coefficients of `dx = dy · scale + ((x − center) · slope + shift)`:
 * `slope = −gamma · r² · dgamma / m`, `shift = −gamma · r · dbeta / m − (mean − center) · slope`.
 *
 * @returns whether float32 carries every coefficient.
 */
export function gradientCoefficients(
  channels: u32,
  m: f64,
  mean: usize,
  gamma: usize,
  r: usize,
  center: usize,
  sums: usize,
  products: usize,
  slope: usize,
  shift: usize,
): bool {
  const inverse = f64x2.splat(-1 / m);
  let good = v128.not(i64x2.splat(0)),
    before = good,
    last = good;
  for (let c: u32 = 0; c < channels; c += 2) {
    const at = (<usize>c) << 3,
      half = at >> 1;
    const root = v128.load(r + at);
    const rounded = f64x2.promote_low_f32x4(v128.load64_zero(center + half));
    const low = f64x2.sub(v128.load(mean + at), rounded);
    const sum = v128.load(sums + at);
    const product = f64x2.sub(v128.load(products + at), f64x2.mul(low, sum));
    const dgamma = f64x2.mul(product, root);
    v128.store(products + at, dgamma);
    const k = f64x2.mul(f64x2.mul(v128.load(gamma + at), root), inverse);
    const b = f64x2.mul(f64x2.mul(k, root), dgamma);
    const d = f64x2.sub(f64x2.mul(k, sum), f64x2.mul(low, b));
    storeFloats(slope + half, b);
    storeFloats(shift + half, d);
    last = bounded(f64x2.add(f64x2.mul(b, b), f64x2.mul(d, d)));
    before = good;
    good = v128.and(good, last);
  }
  return all(good, before, last, channels);
}
