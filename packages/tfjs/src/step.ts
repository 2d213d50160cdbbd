import { planPass, type ResolvedOptions, refuse, valuesPerChannel } from "@batchnorm/core";
import { type Tensor, tidy } from "@tensorflow/tfjs-core";
import { normalizeByStatistics, normalizeMeasuring, type Parameters } from "./op.ts";
import { type Running, updateRunning } from "./running.ts";
import { viewOf } from "./view.ts";

/** What a layer of either API is made of. */
export interface Parts extends Parameters {
  readonly channels: number;
  /** Null when the layer does not track any. */
  readonly running: Running | null;
  readonly options: ResolvedOptions;
  /** False when frozen. */
  readonly trainable: boolean;
}

/**
 * One forward pass of a layer, in training or at inference: normalizes, and lets the batch enter the
 * running statistics. An empty batch changes nothing.
 *
 * @returns y, float32, of x's shape.
 * @throws {BatchNormError} as `planPass` of core, `normalizeByStatistics` and `updateRunning` do, and
 * `ERR_BATCHNORM_SHAPE` when x has another number of channels. Nothing has changed then.
 */
export function step(x: Tensor, parts: Parts, training: boolean): Tensor {
  const { options, running, channels, trainable } = parts;
  const { layout } = viewOf(x, options.axis);
  if (layout.channels !== channels) {
    const rule = `${options.name}: x must have ${channels} channels on axis ${options.axis}`;
    refuse("ERR_BATCHNORM_SHAPE", rule, x.shape);
  }
  const m = valuesPerChannel(layout);
  const { byBatch, updates } = planPass(options, { training, trainable }, m);
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
