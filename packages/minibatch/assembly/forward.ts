// A batch on its way through the layers.

import { multiply } from "./dense";
import {
  byBatch,
  connectionOf,
  Layer,
  layerControl,
  layerOf,
  netOf,
  nonFinite,
  onNonFinite,
  throws,
} from "./records";
import { activateRows, normalizeRows } from "./rows";
import { measure, recall } from "./statistics";
import { transpose } from "./transpose";
import { addVectors, copyPlus, copyVectors, rowOf, tailOf } from "./vectors";

/**
 * Takes the samples of the input's `transposed` through all layers.
 *
 * @param training - Whether layers that are not frozen normalize by the batch, and all leave behind what
 * the way back needs.
 * @param policed - Whether a layer may refuse the batch.
 * @param stop - The number of the layer that is only to be summed, counted from 1; 0 for none.
 * @returns false when a layer refuses the batch.
 */
export function forward<T>(net: usize, count: u32, training: bool, policed: bool, stop: u32): bool {
  const row = rowOf<T>(count);
  const input = netOf(net).input,
    layerCount = netOf(net).layerCount;
  const place = changetype<Layer>(input);
  transpose<T>(place.transposed, place.transposedRow, place.activations, row, count);
  for (let l: u32 = 0; l < layerCount; l++) {
    const layer = layerOf(net, l);
    sumConnections<T>(net, layer, row);
    if (l + 1 === stop) return true;
    if (layer.normalized) {
      if (training && byBatch(layer)) {
        const finite = measure<T>(layer, count, row, tailOf<T>(count));
        store<f64>(layer.controls + (nonFinite << 3), finite ? 0 : 1);
        if (policed && !finite && layerControl(layer, onNonFinite) === throws) return false;
      } else {
        recall<T>(layer);
      }
      normalizeRows<T>(layer, row);
      activateRows<T>(net, layer, layer.activations, row);
    } else {
      activateRows<T>(net, layer, layer.source, row);
    }
    if (training && l + 1 < layerCount) {
      transpose<T>(layer.activations, row, layer.transposed, layer.transposedRow, layer.units);
    }
  }
  return true;
}

/** The sum over all connections, dense ones first, and the bias. */
function sumConnections<T>(net: usize, layer: Layer, row: usize): void {
  const sums = layer.sums,
    units = layer.units,
    bias = layer.bias;
  if (layer.source !== sums) return;
  const bytes = <usize>units * row;
  for (let c: u32 = 0; c < layer.connectionCount; c++) {
    const connection = connectionOf(layer, c);
    const from = changetype<Layer>(connection.from);
    const a = from.activations;
    if (!connection.isIdentity) {
      const weights = connection.weights,
        width = connection.row;
      const first = c === 0;
      multiply<T>(
        net,
        weights,
        width,
        sizeof<T>(),
        a,
        row,
        sums,
        row,
        units,
        from.units,
        !first,
        first ? bias : 0,
      );
    } else if (c > 0) {
      addVectors<T>(a, sums, bytes);
    } else if (bias) {
      for (let unit: usize = 0; unit < <usize>units; unit++) {
        const at = unit * row;
        copyPlus<T>(a + at, sums + at, row, load<T>(bias + unit * sizeof<T>()));
      }
    } else {
      copyVectors(a, sums, bytes);
    }
  }
}
