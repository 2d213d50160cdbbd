// What is done to the gradients of a layer's rows, in place, on the way back: through the activation,
// through Batch Normalization.

import {
  Identity,
  LeakyRelu,
  leakyRelu,
  Relu,
  relu,
  Sigmoid,
  sigmoid,
  Tanh,
  tanh,
} from "./activations";
import { byBatch, Layer, netOf } from "./records";
import { addProduct, sumOf, sumRows } from "./vectors";

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
  if (layer.normalized) {
    if (kind === sigmoid)
      throughNorm<T, Sigmoid>(changetype<Sigmoid>(net), net, layer, count, row, tail);
    else if (kind === tanh)
      throughNorm<T, Tanh>(changetype<Tanh>(net), net, layer, count, row, tail);
    else if (kind === relu)
      throughNorm<T, Relu>(changetype<Relu>(net), net, layer, count, row, tail);
    else if (kind === leakyRelu)
      throughNorm<T, LeakyRelu>(changetype<LeakyRelu>(net), net, layer, count, row, tail);
    else throughNorm<T, Identity>(changetype<Identity>(net), net, layer, count, row, tail);
  } else if (kind === sigmoid) throughActivation<T, Sigmoid>(changetype<Sigmoid>(net), layer, row);
  else if (kind === tanh) throughActivation<T, Tanh>(changetype<Tanh>(net), layer, row);
  else if (kind === relu) throughActivation<T, Relu>(changetype<Relu>(net), layer, row);
  else if (kind === leakyRelu)
    throughActivation<T, LeakyRelu>(changetype<LeakyRelu>(net), layer, row);
  if (!layer.bias) return;
  sumRows<T>(layer.gradient, row, layer.units, layer.bias + netOf(net).gradient);
}

function throughActivation<T, A>(activation: A, layer: Layer, row: usize): void {
  const leak = v128.splat<T>(<T>layer.leak);
  let dy = layer.gradient,
    y = layer.activations;
  for (const end = dy + <usize>layer.units * row; dy < end; dy += 16, y += 16) {
    v128.store(dy, activation.slope<T>(v128.load(dy), v128.load(y), leak));
  }
}

/** `dx = gamma · r · (dy − mean(dy) − xHat · mean(dy · xHat))`; frozen, `gamma · r · dy`. */
function throughNorm<T, A>(
  activation: A,
  net: usize,
  layer: Layer,
  count: u32,
  row: usize,
  tail: v128,
): void {
  const leak = v128.splat<T>(<T>layer.leak);
  const each = byBatch(layer) ? <T>(<T>1 / <T>count) : <T>0;
  const toGradient = netOf(net).gradient;
  let dy = layer.gradient,
    y = layer.activations,
    hat = layer.normalized;
  const height = <usize>layer.units * sizeof<T>();
  for (let unit: usize = 0; unit < height; unit += sizeof<T>()) {
    let sums = v128.splat<T>(0),
      products = sums;
    const start = dy,
      startHat = hat,
      end = dy + row;
    for (; dy < end; dy += 16, y += 16, hat += 16) {
      const gradient = activation.slope<T>(v128.load(dy), v128.load(y), leak);
      v128.store(dy, gradient);
      sums = v128.add<T>(sums, gradient);
      products = addProduct<T>(products, gradient, v128.load(hat));
    }
    const sum = sumOf<T>(sums),
      product = sumOf<T>(products);
    store<T>(layer.beta + toGradient + unit, sum);
    store<T>(layer.gamma + toGradient + unit, product);
    const factor = v128.splat<T>(<T>(load<T>(layer.gamma + unit) * load<T>(layer.scale + unit))),
      mean = v128.splat<T>(<T>(sum * each)),
      tilt = v128.splat<T>(<T>(product * each));
    dy = start;
    hat = startHat;
    for (; dy < end; dy += 16, hat += 16) {
      const straight = v128.sub<T>(v128.load(dy), mean);
      const rest = v128.sub<T>(straight, v128.mul<T>(v128.load(hat), tilt));
      v128.store(dy, v128.mul<T>(factor, rest));
    }
    v128.store(dy - 16, v128.and(v128.load(dy - 16), tail));
  }
}
