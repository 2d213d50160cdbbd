import { refuse } from "./errors.ts";
import { type Layout, layoutOf, resolveAxis, sizeOf, valuesPerChannel } from "./layout.ts";

/** A part of a batch, from value `start` on. */
export interface BatchPart {
  readonly start: number;
  readonly layout: Layout;
}

/**
 * Cuts a batch into virtual ones of `size` samples, in order, for Ghost Batch Normalization. The last
 * may be smaller; where it would have a single value per channel it joins the one before it.
 *
 * @param shape - Of the batch, samples first.
 * @param size - Samples of a virtual batch, ≥ 1.
 * @throws {BatchNormError} `ERR_BATCHNORM_AXIS` when the channels come first: there are no samples then.
 * @see Hoffer, Hubara & Soudry 2017, "Train longer, generalize better", Algorithm 1
 */
export function virtualBatches(shape: readonly number[], axis: number, size: number): BatchPart[] {
  const whole = layoutOf(shape, axis);
  if (resolveAxis(axis, shape.length) === 0) {
    refuse("ERR_BATCHNORM_AXIS", "axis must not be the samples' with a virtualBatchSize", axis);
  }
  const [samples = 0, ...rest] = shape;
  const parts: BatchPart[] = [];
  for (let first = 0; first < samples; ) {
    const left = samples - first;
    const loner = left - size > 0 && valuesPerChannel(layoutOf([left - size, ...rest], axis)) === 1;
    const taken = loner ? left : Math.min(size, left);
    const layout = layoutOf([taken, ...rest], axis);
    parts.push({ start: (first * sizeOf(whole)) / samples, layout });
    first += taken;
  }
  return parts.length > 0 ? parts : [{ start: 0, layout: whole }];
}
