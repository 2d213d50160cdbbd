// The way back: gradients of every place, of every parameter, and the update.

import { multiply, multiplyAndLearn } from "./dense";
import {
  adam,
  Connection,
  connectionOf,
  frozen,
  Layer,
  layerControl,
  layerOf,
  netOf,
} from "./records";
import { rowGradients } from "./row-gradients";
import { learn, maskGradients } from "./updates";
import { addVectors, copyVectors, rowOf, tailOf } from "./vectors";

/**
 * From the last place's gradient to all others.
 *
 * @param fused - Whether that gradient has gone through the last activation already.
 * @param learns - Whether parameters are updated; else their gradients are left behind, and the input's.
 */
export function backward<T>(net: usize, count: u32, fused: bool, learns: bool): void {
  const row = rowOf<T>(count);
  const tail = tailOf<T>(count);
  const layerCount = netOf(net).layerCount;
  for (let l = layerCount; l; l--) {
    const layer = layerOf(net, l - 1);
    rowGradients<T>(net, layer, count, row, tail, fused && l === layerCount);
    for (let c: u32 = 0; c < layer.connectionCount; c++) {
      const connection = connectionOf(layer, c);
      // Before the weights move.
      if (!learns || connection.from !== netOf(net).input) {
        toSource<T>(net, layer, connection, row);
      }
      if (!connection.isIdentity) toWeights<T>(net, layer, connection, count, row, learns);
    }
    if (learns) learnRows<T>(net, layer);
  }
}

/** The gradient of what a connection comes from. */
function toSource<T>(net: usize, layer: Layer, connection: Connection, row: usize): void {
  const from = changetype<Layer>(connection.from);
  const gradient = layer.gradient,
    units = layer.units;
  const sets = connection.setsGradient !== 0;
  if (!connection.isIdentity) {
    multiply<T>(
      net,
      connection.weights,
      sizeof<T>(),
      connection.row,
      gradient,
      row,
      from.gradient,
      row,
      from.units,
      units,
      !sets,
      0,
    );
  } else if (sets) {
    copyVectors(gradient, from.gradient, <usize>units * row);
  } else {
    addVectors<T>(gradient, from.gradient, <usize>units * row);
  }
}

function toWeights<T>(
  net: usize,
  layer: Layer,
  connection: Connection,
  count: u32,
  row: usize,
  learns: bool,
): void {
  const from = changetype<Layer>(connection.from);
  const gradient = layer.gradient,
    units = layer.units;
  const weights = connection.weights,
    width = connection.row,
    mask = connection.mask;
  const b = from.transposed;
  if (learns && !mask && netOf(net).optimizer !== adam) {
    multiplyAndLearn<T>(net, gradient, row, sizeof<T>(), b, width, weights, units, count);
    return;
  }
  const to = weights + netOf(net).gradient;
  const bytes = <usize>units * width;
  multiply<T>(net, gradient, row, sizeof<T>(), b, width, to, width, units, count, false, 0);
  if (mask) maskGradients<T>(to, mask, bytes);
  if (learns) learn<T>(net, weights, bytes);
}

/** The parameters of which there is one per unit. */
function learnRows<T>(net: usize, layer: Layer): void {
  const bytes = rowOf<T>(layer.units);
  if (layer.bias) learn<T>(net, layer.bias, bytes);
  if (!layer.normalized || layerControl(layer, frozen) !== 0) return;
  if (layer.learnsGamma) learn<T>(net, layer.gamma, bytes);
  if (layer.learnsBeta) learn<T>(net, layer.beta, bytes);
}
