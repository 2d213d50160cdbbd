import { parseMask, refuse, resolveAxis } from "@batchnorm/core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { View } from "./view.ts";

/**
 * Checks that a mask has a value for each position of x: x's shape without the channel axis, or with 1
 * on it. It looks at the shape only, so nothing is read back from the device.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_MASK` for another shape, or for what is no tensor.
 */
export function requireMaskShape(mask: Tensor, x: Tensor, axis: number, name: string): void {
  const at = resolveAxis(axis, x.rank);
  const without = x.shape.filter((_, i) => i !== at);
  const withOne = x.shape.map((size, i) => (i === at ? 1 : size));
  const shape: unknown = mask?.shape;
  if (String(shape) !== String(without) && String(shape) !== String(withOne)) {
    const rule = `${name}: mask must have the shape [${without}] or [${withOne}]`;
    refuse("ERR_BATCHNORM_MASK", rule, shape ?? mask);
  }
}

/**
 * Reads a mask back, since how many values count decides what is done with them.
 *
 * @returns a 0 or 1 for each of the outer · inner positions.
 * @throws {BatchNormError} `ERR_BATCHNORM_MASK` for a value that is neither.
 */
export const readMask = (mask: Tensor, { layout }: View): Uint8Array =>
  parseMask(mask.dataSync() as Float32Array | Int32Array | Uint8Array, layout);
