import {
  planPass,
  type ResolvedOptions,
  refuse,
  valuesPerChannel,
  virtualBatches,
} from "@batchnorm/core";
import { type Tensor, tidy } from "@tensorflow/tfjs-core";
import { blocksOf } from "./blocks.ts";
import { enterBatches, type Renorm } from "./enter.ts";
import { normalizeGroups } from "./grouped.ts";
import { readMask, requireMaskShape } from "./masks.ts";
import { normalizeByStatistics, normalizeMeasuring, type Parameters } from "./op.ts";
import { type Running, updateRunning } from "./running.ts";
import { type View, viewOf } from "./view.ts";

/** What a layer of either API is made of. */
export interface Parts extends Parameters {
  readonly channels: number;
  /** Null when the layer does not track any. */
  readonly running: Running | null;
  /** Null without Batch Renormalization. */
  readonly renorm: Renorm | null;
  readonly options: ResolvedOptions;
  /** False when frozen. */
  readonly trainable: boolean;
}

/**
 * One forward pass of a layer, in training or at inference: normalizes, and lets the batch enter the
 * running statistics. An empty batch changes nothing.
 *
 * @param mask - Which positions count in the batch's statistics, a 0 or 1 for each: x's shape without
 * the channel axis, or with 1 on it. Read back from the device where the batch normalizes.
 * @returns y, float32, of x's shape.
 * @throws {BatchNormError} as `planPass` of core, `normalizeByStatistics` and `updateRunning` do,
 * `ERR_BATCHNORM_MASK`, and `ERR_BATCHNORM_SHAPE` when x has another number of channels. Nothing has
 * changed then.
 */
export function step(x: Tensor, parts: Parts, training: boolean, mask?: Tensor | null): Tensor {
  const { options, running, channels, trainable } = parts;
  const view = viewOf(x, options.axis);
  const { layout } = view;
  if (layout.channels !== channels) {
    const rule = `${options.name}: x must have ${channels} channels on axis ${options.axis}`;
    refuse("ERR_BATCHNORM_SHAPE", rule, x.shape);
  }
  const m = valuesPerChannel(layout);
  const { byBatch, updates } = planPass(options, { training, trainable }, m);
  if (mask) requireMaskShape(mask, x, options.axis, options.name);
  const grouped = mask || options.virtualBatchSize || options.renorm;
  if (byBatch && grouped && m > 0) return stepByGroups(x, parts, view, training, mask);
  return tidy(() => {
    if (byBatch) {
      return normalizeMeasuring(x, parts, options, (measured) => {
        if (updates && running) updateRunning(running, measured, m, options);
      });
    }
    // Where the batch does not normalize, the layer tracks statistics that do.
    const { mean, variance } = running as Running;
    const statistics = { mean: mean.read(), variance: variance.read() };
    return normalizeByStatistics(x, parts, options, statistics);
  });
}

/** A pass by the batch in which not every value of it goes the same way. */
function stepByGroups(
  x: Tensor,
  parts: Parts,
  view: View,
  training: boolean,
  mask: Tensor | null | undefined,
): Tensor {
  const { options, running, renorm, trainable } = parts;
  const { axis, virtualBatchSize, epsilon } = options;
  const whole = [{ start: 0, layout: view.layout }];
  const cut = virtualBatchSize ? virtualBatches(x.shape, axis, virtualBatchSize) : whole;
  const blocks = blocksOf(cut, mask ? readMask(mask, view) : null);
  const counts = blocks.flatMap((block) => block.counts);
  const plans = counts.map((m) => planPass(options, { training, trainable }, m));
  const updates = plans.some((plan) => plan.updates);
  return tidy(() =>
    normalizeGroups(x, parts, view, blocks, epsilon, (batches) =>
      updates && running ? enterBatches({ running, renorm }, batches, options) : null,
    ),
  );
}
