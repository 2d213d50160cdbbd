import type { FloatArray } from "./arrays.ts";
import type { BatchPart } from "./ghost.ts";
import type { Gradients } from "./gradient.ts";
import { sizeOf } from "./layout.ts";
import { backwardMasked, maskedMoments } from "./masks.ts";
import type { Moments } from "./moments.ts";
import type { AffineParameters } from "./parameters.ts";
import type { Passes } from "./passes.ts";
import { type Correction, correctParameters } from "./renorm.ts";

/** A batch, or a virtual one, that is normalized by its own statistics. */
export interface Part extends BatchPart {
  readonly x: FloatArray;
  /** A 0 or 1 for each of its positions. */
  readonly mask: Uint8Array | null;
  readonly moments: Moments;
  /** Batch Renormalization's; null without. */
  readonly correction: Correction | null;
}

/** Takes a part of x, with its part of the mask, and measures it. */
export function measurePart(
  { computeMoments }: Passes,
  x: FloatArray,
  mask: Uint8Array | null,
  at: BatchPart,
): Part {
  const { start, layout } = at;
  const part = x.subarray(start, start + sizeOf(layout));
  const correction = null;
  if (!mask) return { ...at, x: part, mask, moments: computeMoments(part, layout), correction };
  const [from, to] = [start, start + part.length].map((i) => i / layout.channels);
  const weights = mask.subarray(from, to);
  const moments = maskedMoments(part, layout, weights);
  return { ...at, x: part, mask: weights, moments, correction };
}

/** Normalizes a part into its place in y. */
export function forwardPart(
  { forwardByMoments }: Passes,
  { x, layout, moments, correction, start }: Part,
  parameters: AffineParameters,
  y: FloatArray,
): void {
  const corrected = correction ? correctParameters(parameters, correction) : parameters;
  forwardByMoments(x, layout, moments, corrected, y.subarray(start, start + x.length));
}

/** The gradients of {@link forwardPart}: dx goes to its place, dgamma and dbeta are of this part alone. */
export function backwardPart(
  { backwardTraining }: Passes,
  { x, layout, moments, correction, mask, start }: Part,
  parameters: AffineParameters,
  dy: FloatArray,
  dx: FloatArray,
): Pick<Gradients, "dgamma" | "dbeta"> {
  const here = { dx: dx.subarray(start, start + x.length) };
  const dyHere = dy.subarray(start, start + x.length);
  const corrected = correction ? correctParameters(parameters, correction) : parameters;
  const gradients = mask
    ? backwardMasked(dyHere, x, layout, mask, moments, corrected, here)
    : backwardTraining(dyHere, x, layout, moments, corrected, here);
  if (!correction) return gradients;
  // Σ dy · z, with z = xHat · r + d.
  const { r, d } = correction;
  const dgamma = gradients.dgamma.map(
    (sum, c) => sum * (r[c] as number) + (gradients.dbeta[c] as number) * (d[c] as number),
  );
  return { dgamma, dbeta: gradients.dbeta };
}
