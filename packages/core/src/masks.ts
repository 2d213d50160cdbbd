// Masks leave positions out of a batch's statistics. A position is a sample, or a pixel of one: all
// channels of it are in or out together. Values that are out are never computed with, and may be NaN.
import { type FloatArray, requireFloats } from "./arrays.ts";
import { refuse } from "./errors.ts";
import { finish, type Gradients, prepare } from "./gradient.ts";
import { indexAt, type Layout, sizeOf, valuesPerChannel } from "./layout.ts";
import { computeMoments, type Moments, requireMoments } from "./moments.ts";
import type { AffineParameters } from "./parameters.ts";
import { byMoments } from "./standardize.ts";

/** 1 or true where a position counts, 0 or false where not; x's values without its channel axis. */
export type Mask = ArrayLike<number | boolean>;

/**
 * Checks a mask.
 *
 * @returns a 0 or 1 for each of the outer · inner positions.
 * @throws {BatchNormError} `ERR_BATCHNORM_MASK` for another length or another value.
 */
export function parseMask(mask: Mask, layout: Layout): Uint8Array {
  const positions = valuesPerChannel(layout);
  if (mask?.length !== positions) {
    const rule = `mask must hold a value for each of ${positions} positions`;
    refuse("ERR_BATCHNORM_MASK", rule, mask?.length);
  }
  return Uint8Array.from(mask, (value, position) => {
    if (value !== 0 && value !== 1 && typeof value !== "boolean") {
      refuse("ERR_BATCHNORM_MASK", `mask[${position}] must be 0 or 1`, value);
    }
    return Number(value);
  });
}

/**
 * The moments of the positions that a mask leaves: m is their number.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_MASK`, `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`.
 */
export function maskedMoments(x: FloatArray, layout: Layout, mask: Mask, out?: Moments): Moments {
  requireFloats("x", x, sizeOf(layout));
  const weights = parseMask(mask, layout);
  const { channels } = layout;
  const kept = weights.reduce((count, weight) => count + weight, 0);
  // Copied out channels last, so that they are a batch like any other.
  const values = new Float64Array(kept * channels);
  for (let position = 0, to = 0; position < weights.length; position++) {
    if (weights[position] === 0) continue;
    for (let c = 0; c < channels; c++) {
      values[to++] = x[indexAt(layout, position, c)] as number;
    }
  }
  return computeMoments(values, { outer: kept, channels, inner: 1 }, out);
}

/**
 * The gradients of a forward pass by {@link maskedMoments}, in which masked positions were normalized
 * too: `dx = gamma · r · (dy − w · (dbeta + xHat · dgamma) / m)` with w the mask and m its sum, and
 * `dbeta`, `dgamma` summed over all positions. Where dy is 0 a masked value adds nothing, NaN included.
 *
 * @param moments - Of the positions that the mask leaves.
 * @param out - Where the results go; each is made when absent. `dx` may be `dy` or `x` itself.
 * @throws {BatchNormError} `ERR_BATCHNORM_MASK`, `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`,
 * `ERR_BATCHNORM_OPTION`.
 */
export function backwardMasked<T extends FloatArray>(
  dy: T,
  x: FloatArray,
  layout: Layout,
  mask: Mask,
  moments: Moments,
  parameters: AffineParameters,
  out: Partial<Gradients<T>> = {},
): Gradients<T> {
  const weights = parseMask(mask, layout);
  const { channels } = layout;
  requireMoments("moments", moments, channels);
  const m = weights.reduce((count, weight) => count + weight, 0);
  if (moments.count !== m) {
    refuse("ERR_BATCHNORM_SHAPE", `moments.count must be the mask's sum, ${m}`, moments.count);
  }
  const gradients = prepare(dy, x, layout, parameters, out);
  const { mean, meanLow, r } = byMoments(moments, parameters.epsilon);
  const [dgamma, dbeta] = [new Float64Array(channels), new Float64Array(channels)];
  for (let c = 0; c < channels; c++) {
    const xHatOf = (i: number): number =>
      ((x[i] as number) - (mean[c] as number) - (meanLow[c] as number)) * (r[c] as number);
    let [sum, product] = [0, 0];
    for (let position = 0; position < weights.length; position++) {
      const i = indexAt(layout, position, c);
      sum += dy[i] as number;
      if (weights[position] === 1 || dy[i] !== 0) product += (dy[i] as number) * xHatOf(i);
    }
    dbeta[c] = sum;
    dgamma[c] = product;
    const k = (parameters.gamma?.[c] ?? 1) * (r[c] as number);
    for (let position = 0; position < weights.length; position++) {
      const i = indexAt(layout, position, c);
      const shared = weights[position] === 1 ? (sum + xHatOf(i) * product) / m : 0;
      gradients.dx[i] = k * ((dy[i] as number) - shared);
    }
  }
  return finish(gradients, { dgamma, dbeta });
}
