import { type FloatArray, outputFor, requireFloats } from "./arrays.ts";

/**
 * The ReLU that often follows, and the sum of a residual block before it: `max(0, y + addend)`.
 * A NaN stays NaN.
 *
 * @param y - What normalization gave.
 * @param addend - The block's other branch, of y's length; null when there is none.
 * @param out - Where the result goes, `y` or `addend` included; made when absent.
 * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`.
 */
export function addRelu<T extends FloatArray>(y: T, addend: FloatArray | null = null, out?: T): T {
  requireFloats("y", y, y.length);
  if (addend) requireFloats("addend", addend, y.length);
  const result = outputFor("out", out, y, addend ? [y, addend] : [y]);
  for (let i = 0; i < result.length; i++) {
    result[i] = Math.max(0, (y[i] as number) + ((addend?.[i] as number) ?? 0));
  }
  return result;
}

/**
 * The gradient of {@link addRelu}, with respect to both of its inputs: dy where the result is > 0,
 * else 0.
 *
 * @param result - What the forward pass returned.
 * @param out - Where the gradient goes, `dy` or `result` included; made when absent.
 * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`.
 */
export function reluGradient<T extends FloatArray>(dy: T, result: FloatArray, out?: T): T {
  requireFloats("dy", dy, dy.length);
  requireFloats("result", result, dy.length);
  const gradient = outputFor("out", out, dy, [dy, result]);
  for (let i = 0; i < gradient.length; i++) {
    gradient[i] = (result[i] as number) > 0 ? (dy[i] as number) : 0;
  }
  return gradient;
}
