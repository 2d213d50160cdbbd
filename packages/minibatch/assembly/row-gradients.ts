// What is done to the gradients of a layer's rows, in place, on the way back: through the activation,
// through Batch Normalization.

import { LeakyRelu, leakyRelu, Relu, relu, Sigmoid, sigmoid, Tanh, tanh } from "./activations";
import { byBatch, Layer, netOf } from "./records";
import { addProduct, firstOf, loadPair, secondOf, storePair, sumRows, sumsOf } from "./vectors";

/**
 * From dy to the gradient of the layer's sums; those of gamma, beta and bias go where they belong.
 *
 * @param fused - Whether dy has gone through the activation already.
 */
export function rowGradients<T>(
  net: usize,
  layer: Layer,
  count: u32,
  row: usize,
  tail: v128,
  fused: bool,
): void {
  const kind = fused ? 0 : layer.activation;
  if (kind === sigmoid) throughActivation<T, Sigmoid>(changetype<Sigmoid>(net), layer, row);
  else if (kind === tanh) throughActivation<T, Tanh>(changetype<Tanh>(net), layer, row);
  else if (kind === relu) throughActivation<T, Relu>(changetype<Relu>(net), layer, row);
  else if (kind === leakyRelu)
    throughActivation<T, LeakyRelu>(changetype<LeakyRelu>(net), layer, row);
  const toGradient = netOf(net).gradient;
  if (layer.normalized) throughNorm<T>(layer, toGradient, count, row, tail);
  if (layer.bias) sumRows<T>(layer.gradient, row, layer.units, layer.bias + toGradient);
}

function throughActivation<T, A>(activation: A, layer: Layer, row: usize): void {
  const leak = v128.splat<T>(<T>layer.leak);
  let dy = layer.gradient,
    y = layer.activations;
  for (const end = dy + <usize>layer.units * row; dy < end; dy += 16, y += 16) {
    v128.store(dy, activation.slope<T>(v128.load(dy), v128.load(y), leak));
  }
}

/**
 * `dx = gamma · r · (dy − mean(dy) − xHat · mean(dy · xHat))`; frozen, `gamma · r · dy`.
 *
 * Two units at a time, whose sums are added up together. Of a lone last one, the other is itself, and its
 * gradients of gamma and beta, which are padding, 0.
 */
function throughNorm<T>(layer: Layer, toGradient: usize, count: u32, row: usize, tail: v128): void {
  const each = v128.splat<T>(byBatch(layer) ? <T>(<T>1 / <T>count) : <T>0);
  const zero = v128.splat<T>(0);
  const whole = i8x16.all_true(tail);
  const height = <usize>layer.units * sizeof<T>();
  let dy = layer.gradient,
    hat = layer.normalized;
  for (let unit: usize = 0; unit < height; unit += 2 * sizeof<T>(), dy += 2 * row, hat += 2 * row) {
    const other = unit + sizeof<T>() < height ? row : 0;
    let sum0 = zero,
      sum1 = zero,
      product0 = zero,
      product1 = zero;
    for (let at: usize = 0; at < row; at += 16) {
      const dy0 = v128.load(dy + at),
        dy1 = v128.load(dy + other + at);
      sum0 = v128.add<T>(sum0, dy0);
      sum1 = v128.add<T>(sum1, dy1);
      product0 = addProduct<T>(product0, dy0, v128.load(hat + at));
      product1 = addProduct<T>(product1, dy1, v128.load(hat + other + at));
    }
    const sums = sumsOf<T>(sum0, other ? sum1 : zero),
      products = sumsOf<T>(product0, other ? product1 : zero);
    storePair<T>(layer.beta + toGradient + unit, sums);
    storePair<T>(layer.gamma + toGradient + unit, products);
    const factors = v128.mul<T>(loadPair<T>(layer.gamma + unit), loadPair<T>(layer.scale + unit)),
      means = v128.mul<T>(sums, each),
      tilts = v128.mul<T>(products, each);
    const factor0 = firstOf<T>(factors),
      factor1 = secondOf<T>(factors),
      mean0 = firstOf<T>(means),
      mean1 = secondOf<T>(means),
      tilt0 = firstOf<T>(tilts),
      tilt1 = secondOf<T>(tilts);
    for (let at: usize = 0; at < row; at += 16) {
      const rest0 = v128.sub<T>(v128.load(dy + at), mean0),
        rest1 = v128.sub<T>(v128.load(dy + other + at), mean1);
      const dx0 = v128.sub<T>(rest0, v128.mul<T>(v128.load(hat + at), tilt0)),
        dx1 = v128.sub<T>(rest1, v128.mul<T>(v128.load(hat + other + at), tilt1));
      // In this order: a lone unit's own is the one that stays.
      v128.store(dy + other + at, v128.mul<T>(factor1, dx1));
      v128.store(dy + at, v128.mul<T>(factor0, dx0));
    }
    if (whole) continue;
    const last = dy + row - 16;
    v128.store(last, v128.and(v128.load(last), tail));
    v128.store(last + other, v128.and(v128.load(last + other), tail));
  }
}
