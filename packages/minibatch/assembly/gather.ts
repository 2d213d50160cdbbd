// Samples of a data set, by their indices, to where a pass begins.

import { Layer, layerOf, netOf } from "./records";
import { copyVectors, rowOf } from "./vectors";

/**
 * @param x - Rows of inputs, padded to whole vectors; @param y - rows of targets, side by side.
 */
export function gather<T>(net: usize, x: usize, y: usize, indices: usize, count: u32): void {
  const input = netOf(net).input,
    targets = netOf(net).targets,
    layerCount = netOf(net).layerCount;
  const place = changetype<Layer>(input);
  const width = place.transposedRow;
  const outputs = <usize>layerOf(net, layerCount - 1).units * sizeof<T>();
  const row = rowOf<T>(count);
  let to = place.transposed;
  for (let b: usize = 0; b < <usize>count; b++, to += width) {
    const sample = <usize>load<u32>(indices + (b << 2));
    copyVectors(x + sample * width, to, width);
    const from = y + sample * outputs;
    let target = targets + b * sizeof<T>();
    for (let o: usize = 0; o < outputs; o += sizeof<T>(), target += row) {
      store<T>(target, load<T>(from + o));
    }
  }
}
