// Batch Normalization of one batch that lies in parts on several replicas. Each computes the moments
// of its part; merged by mergeMoments, they normalize every part (forwardByMoments); each sums its
// gradients; added up, they give every part its dx. A replica may be empty.
import { type FloatArray, outputFor, requireFloat64, requireFloats } from "./arrays.ts";
import { type GradientSums, propagate, sumGradients } from "./gradient.ts";
import { type Layout, sizeOf } from "./layout.ts";
import { type Moments, requireMoments } from "./moments.ts";
import { type AffineParameters, requireParameters } from "./parameters.ts";
import { byMoments } from "./standardize.ts";

/**
 * A replica's share of `dbeta = Σ dy` and `dgamma = Σ dy · xHat`, which are also the gradients it
 * should return: averaging or adding them over replicas is the trainer's.
 *
 * @param moments - Merged from all replicas.
 * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`, `ERR_BATCHNORM_OPTION`.
 */
export function replicaSums(
  dy: FloatArray,
  x: FloatArray,
  layout: Layout,
  moments: Moments,
  parameters: AffineParameters,
): GradientSums {
  requireReplica(dy, x, layout, moments, parameters);
  return sumGradients(dy, x, layout, byMoments(moments, parameters.epsilon));
}

/**
 * A replica's dx, through the mean and variance of the whole batch:
 * `dx = gamma · r / m · (m · dy − dbeta − xHat · dgamma)`, with the sums and m of all replicas.
 *
 * @param moments - Merged from all replicas.
 * @param total - {@link replicaSums} of all replicas, added up.
 * @param out - Where dx goes, `dy` or `x` included; made when absent.
 * @throws {BatchNormError} `ERR_BATCHNORM_SHAPE`, `ERR_BATCHNORM_DTYPE`, `ERR_BATCHNORM_OPTION`.
 */
export function replicaInputGradient<T extends FloatArray>(
  dy: T,
  x: FloatArray,
  layout: Layout,
  moments: Moments,
  total: GradientSums,
  parameters: AffineParameters,
  out?: T,
): T {
  requireReplica(dy, x, layout, moments, parameters);
  requireFloat64("total.dgamma", total.dgamma, layout.channels);
  requireFloat64("total.dbeta", total.dbeta, layout.channels);
  const dx = outputFor("out", out, dy, [dy, x]);
  const standardization = byMoments(moments, parameters.epsilon);
  const sums = { ...total, m: moments.count };
  propagate(dy, x, layout, standardization, sums, parameters.gamma, dx);
  return dx;
}

function requireReplica(
  dy: FloatArray,
  x: FloatArray,
  layout: Layout,
  moments: Moments,
  parameters: AffineParameters,
): void {
  requireParameters(parameters, layout.channels);
  requireMoments("moments", moments, layout.channels);
  requireFloats("dy", dy, sizeOf(layout));
  requireFloats("x", x, sizeOf(layout));
}
