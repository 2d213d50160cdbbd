// Losses of [units][row of the batch], and their gradients. What lies in a row's padding is no sample.

import { logarithm } from "./logarithm";
import { control, crossEntropy, Layer, netOf, tellsSquares } from "./records";
import { addProduct, sumOf } from "./vectors";

/**
 * The mean loss, or the mean squared error where that is to be told. The loss's gradient goes where the
 * layer has it: with respect to its activations, or, for cross-entropy, to what the sigmoid was taken of.
 */
export function lossOf<T>(net: usize, layer: Layer, count: u32, row: usize, tail: v128): f64 {
  const targets = netOf(net).targets,
    loss = netOf(net).loss;
  const squares = differences<T>(layer, targets, count, row, tail);
  if (loss === crossEntropy && control(net, tellsSquares) === 0) {
    return entropy<T>(layer, targets, count, row) / <f64>count;
  }
  return squares / <f64>(2 * count);
}

/** `gradient = (a − t) / count`; returns Σ (a − t)². */
function differences<T>(layer: Layer, targets: usize, count: u32, row: usize, tail: v128): f64 {
  const each = v128.splat<T>(<T>(<T>1 / <T>count));
  let a = layer.activations,
    gradient = layer.gradient,
    squares = v128.splat<T>(0);
  for (let unit = layer.units; unit; unit--) {
    for (const last = a + row - 16; a < last; a += 16, targets += 16, gradient += 16) {
      const difference = v128.sub<T>(v128.load(a), v128.load(targets));
      squares = addProduct<T>(squares, difference, difference);
      v128.store(gradient, v128.mul<T>(difference, each));
    }
    const difference = v128.and(v128.sub<T>(v128.load(a), v128.load(targets)), tail);
    squares = addProduct<T>(squares, difference, difference);
    v128.store(gradient, v128.mul<T>(difference, each));
    a += 16;
    targets += 16;
    gradient += 16;
  }
  return <f64>sumOf<T>(squares);
}

/** −Σ t · ln a + (1 − t) · ln(1 − a), in float64. */
function entropy<T>(layer: Layer, targets: usize, count: u32, row: usize): f64 {
  const one = f64x2.splat(1);
  const width = <usize>count * sizeof<T>();
  let a = layer.activations;
  let sum = f64x2.splat(0);
  for (let unit = layer.units; unit; unit--, a += row, targets += row) {
    let at: usize = 0;
    for (; at + 2 * sizeof<T>() <= width; at += 2 * sizeof<T>()) {
      sum = f64x2.add(sum, entropies(pairAt<T>(a + at), pairAt<T>(targets + at), one));
    }
    if (at === width) continue;
    // The last one alone, beside a certain hit, whose loss is 0.
    const left = f64x2.replace_lane(one, 0, <f64>load<T>(a + at));
    const right = f64x2.replace_lane(one, 0, <f64>load<T>(targets + at));
    sum = f64x2.add(sum, entropies(left, right, one));
  }
  return -sumOf<f64>(sum);
}

/** Two values as float64. */
function pairAt<T>(p: usize): v128 {
  if (sizeof<T>() === 8) return v128.load(p);
  return f64x2.promote_low_f32x4(v128.load64_zero(p));
}

/** `t · ln a + (1 − t) · ln(1 − a)`. */
function entropies(a: v128, t: v128, one: v128): v128 {
  // No logarithm is taken of less. NaN stays NaN.
  const smallest = f64x2.splat(1e-15);
  const miss = f64x2.sub(one, a);
  const isOne = f64x2.eq(t, one);
  const certain = v128.or(isOne, f64x2.eq(t, f64x2.splat(0)));
  if (i64x2.all_true(certain)) {
    // The usual targets need one logarithm and not two.
    const hit = v128.bitselect(a, miss, isOne);
    return withNaN(logarithm(f64x2.pmax(hit, smallest)), hit);
  }
  const left = f64x2.mul(t, logarithm(f64x2.pmax(a, smallest)));
  const right = f64x2.mul(f64x2.sub(one, t), logarithm(f64x2.pmax(miss, smallest)));
  return withNaN(f64x2.add(left, right), a);
}

/** The logarithm is made of bits, and does not know a NaN. */
function withNaN(result: v128, x: v128): v128 {
  return v128.or(result, f64x2.ne(x, x));
}
