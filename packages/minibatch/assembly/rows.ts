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

/** `xHat = (x − mean) · r; y = activation(gamma · xHat + beta)`, once the statistics are there. */
export function normalizeRows<T>(net: usize, layer: Layer, row: usize): void {
  const kind = layer.activation;
  if (kind === sigmoid) normalizeBy<T, Sigmoid>(changetype<Sigmoid>(net), layer, row);
  else if (kind === tanh) normalizeBy<T, Tanh>(changetype<Tanh>(net), layer, row);
  else if (kind === relu) normalizeBy<T, Relu>(changetype<Relu>(net), layer, row);
  else if (kind === leakyRelu) normalizeBy<T, LeakyRelu>(changetype<LeakyRelu>(net), layer, row);
  else if (kind === step) normalizeBy<T, Step>(changetype<Step>(net), layer, row);
  else normalizeBy<T, Identity>(changetype<Identity>(net), layer, row);
}

function normalizeBy<T, A>(activation: A, layer: Layer, row: usize): void {
  const leak = v128.splat<T>(<T>layer.leak);
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
      v128.store(y, activation.of<T>(addProduct<T>(beta, normalized, gamma), leak));
    }
  }
}

/** `y = activation(x)`; nothing where that is x itself. */
export function activateRows<T>(net: usize, layer: Layer, row: usize): void {
  const kind = layer.activation;
  if (kind === sigmoid) activateBy<T, Sigmoid>(changetype<Sigmoid>(net), layer, row);
  else if (kind === tanh) activateBy<T, Tanh>(changetype<Tanh>(net), layer, row);
  else if (kind === relu) activateBy<T, Relu>(changetype<Relu>(net), layer, row);
  else if (kind === leakyRelu) activateBy<T, LeakyRelu>(changetype<LeakyRelu>(net), layer, row);
  else if (kind === step) activateBy<T, Step>(changetype<Step>(net), layer, row);
  else if (layer.source !== layer.activations)
    activateBy<T, Identity>(changetype<Identity>(net), layer, row);
}

function activateBy<T, A>(activation: A, layer: Layer, row: usize): void {
  const leak = v128.splat<T>(<T>layer.leak);
  let x = layer.source,
    y = layer.activations;
  for (const end = x + <usize>layer.units * row; x < end; x += 16, y += 16) {
    v128.store(y, activation.of<T>(v128.load(x), leak));
  }
}
