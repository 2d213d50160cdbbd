// What is done to the rows of a layer on their way forward: normalize, activate.

import {
  Identity,
  LeakyRelu,
  leakyRelu,
  Relu,
  relu,
  Sigmoid,
  Step,
  sigmoid,
  step,
  Tanh,
  tanh,
} from "./activations";
import { Layer } from "./records";
import { addProduct } from "./vectors";

/** `xHat = (x − mean) · r; y = gamma · xHat + beta`, once the statistics are there. */
export function normalizeRows<T>(layer: Layer, row: usize): void {
  let x = layer.source,
    hat = layer.normalized,
    y = layer.activations;
  const height = <usize>layer.units * sizeof<T>();
  for (let unit: usize = 0; unit < height; unit += sizeof<T>()) {
    const center = v128.load_splat<T>(layer.center + unit),
      low = v128.load_splat<T>(layer.centerLow + unit),
      scale = v128.load_splat<T>(layer.scale + unit),
      gamma = v128.load_splat<T>(layer.gamma + unit),
      beta = v128.load_splat<T>(layer.beta + unit);
    for (const end = x + row; x < end; x += 16, hat += 16, y += 16) {
      const difference = v128.sub<T>(v128.sub<T>(v128.load(x), center), low);
      const normalized = v128.mul<T>(difference, scale);
      v128.store(hat, normalized);
      v128.store(y, addProduct<T>(beta, normalized, gamma));
    }
  }
}

/** `y = activation(x)`, where x may be y; nothing where that is x itself. */
export function activateRows<T>(net: usize, layer: Layer, x: usize, row: usize): void {
  const kind = layer.activation;
  if (kind === sigmoid) activateBy<T, Sigmoid>(changetype<Sigmoid>(net), layer, x, row);
  else if (kind === tanh) activateBy<T, Tanh>(changetype<Tanh>(net), layer, x, row);
  else if (kind === relu) activateBy<T, Relu>(changetype<Relu>(net), layer, x, row);
  else if (kind === leakyRelu) activateBy<T, LeakyRelu>(changetype<LeakyRelu>(net), layer, x, row);
  else if (kind === step) activateBy<T, Step>(changetype<Step>(net), layer, x, row);
  else if (x !== layer.activations)
    activateBy<T, Identity>(changetype<Identity>(net), layer, x, row);
}

/** Two vectors at a time: a matrix has room for one more. */
function activateBy<T, A>(activation: A, layer: Layer, x: usize, row: usize): void {
  const leak = v128.splat<T>(<T>layer.leak);
  let y = layer.activations;
  for (const end = x + <usize>layer.units * row; x < end; x += 32, y += 32) {
    activation.put<T>(v128.load(x), v128.load(x, 16), leak, y);
  }
}
