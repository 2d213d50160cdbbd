import { refuse } from "@batchnorm/core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { requireModel } from "../norm-layers.ts";
import { graphOf } from "./graph.ts";
import { type Otherwise, planFolds } from "./plan.ts";
import { rebuild } from "./rebuild.ts";
import { snapshotOf } from "./snapshot.ts";

/** How a model is folded. */
export interface FoldOptions {
  /**
   * What is done about Batch Normalization that no linear layer can take over: `"refuse"`, or
   * `"depthwise"`, which makes a depthwise convolution with a kernel of one of it. Default refuse.
   */
  readonly otherwise?: Otherwise | undefined;
}

/**
 * A model that computes the same as a trained one does at inference, of tfjs-layers's own layers and
 * without Batch Normalization, ours or theirs:
 *
 * - behind a linear layer it goes into that one's weights and bias, `W′ = k · W`, `b′ = k · b + s`;
 * - before linear layers that do not pad it goes into those, `W′ = W · k`, `b′ = b + Σ W · s`, through
 *   dropout and flattening too.
 *
 * Linear are dense, conv1d, conv2d, conv3d, conv2dTranspose, conv3dTranspose, depthwiseConv2d and
 * separableConv2d. A nested model is taken apart; a shared layer stays shared where the same becomes of
 * all its uses. The given model is left as it is, and shares no weights with the new one.
 *
 * @returns a Sequential for a Sequential that does not branch within, else a functional model.
 * @throws {BatchNormError} `ERR_BATCHNORM_FOLD` naming the layer, the reason and the way out, where folding
 * would not be exact; also where a variance and epsilon are both 0: recalibrate first.
 * `ERR_BATCHNORM_STATE` for weights that are not finite; `ERR_BATCHNORM_OPTION`,
 * `ERR_BATCHNORM_UNSUPPORTED` for what is no LayersModel.
 * @see core's `foldAfter` and `foldBefore`
 */
export async function foldBatchNorm(
  model: LayersModel,
  { otherwise = "refuse" }: FoldOptions = {},
): Promise<LayersModel> {
  requireModel(model);
  if (otherwise !== "refuse" && otherwise !== "depthwise") {
    refuse("ERR_BATCHNORM_OPTION", "otherwise must be refuse or depthwise", otherwise);
  }
  const graph = graphOf(model);
  const snapshot = await snapshotOf(graph);
  try {
    return rebuild(model, graph, planFolds(graph, snapshot.states, otherwise), snapshot);
  } finally {
    snapshot.dispose();
  }
}
