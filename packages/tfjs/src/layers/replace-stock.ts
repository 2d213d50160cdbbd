import { layoutOf, type ResolvedOptions, valuesPerChannel } from "@batchnorm/core";
import { serialization, type Tensor } from "@tensorflow/tfjs-core";
import type { BatchNormLayerArguments } from "./arguments.ts";
import { BatchNormLayer, type CallOptions, registerBatchNorm } from "./layer.ts";
import { Stock } from "./stock.ts";

declare const console: { warn(message: string): void };

let warned = false;

/** Ours, as files that name the stock layer mean it: a batch of one value per channel gives beta. */
class ReplacingLayer extends BatchNormLayer {
  static override readonly className: string = Stock.className;
  static override readonly defaults: Partial<ResolvedOptions> = {
    ...BatchNormLayer.defaults,
    onSingleValue: "beta",
  };
  readonly #lenient: boolean;

  constructor(args?: BatchNormLayerArguments | null) {
    super(args);
    this.#lenient = args?.onSingleValue == null;
  }

  /** What is saved loads wherever the stock layer does. */
  override getClassName(): string {
    return Stock.className;
  }

  override call(inputs: Tensor | Tensor[], kwargs?: CallOptions): Tensor {
    const y = super.call(inputs, kwargs);
    if (this.#lenient && kwargs?.training && !warned) this.#warnOfOne(y);
    return y;
  }

  #warnOfOne(y: Tensor): void {
    const { axis, trainable } = this.options;
    if (!trainable || valuesPerChannel(layoutOf(y.shape, axis)) !== 1) return;
    warned = true;
    console.warn(
      `${this.name}: a training batch holds 1 value per channel, which has no variance: y is beta, and ` +
        "0 enters the moving variance, as in the stock layer. Choose a batch size that leaves no remainder of 1.",
    );
  }
}

/** Keras's names of the two that TensorFlow 1 and 2 have. */
class FirstVersion extends ReplacingLayer {
  static override readonly className: string = "BatchNormalizationV1";
}

class SecondVersion extends ReplacingLayer {
  static override readonly className: string = "BatchNormalizationV2";
}

type Entry = (typeof serialization.SerializationMap.prototype.classNameMap)[string];

const replacing = [ReplacingLayer, FirstVersion, SecondVersion];
/** What stood there before the first of the replacements that are not undone, and how many those are. */
let before: (readonly [className: string, entry: Entry | undefined])[] = [];
let replacements = 0;

/**
 * From now on `tf.loadLayersModel` makes our layer of every Batch Normalization in a file, whether Keras
 * or the stock layer wrote it: `BatchNormalization`, `BatchNormalizationV1`, `BatchNormalizationV2`.
 * Layers that the stock one could stand for are saved under its name, so that it loads them too.
 * `tf.layers.batchNormalization()` goes on making the stock layer.
 *
 * @returns what undoes it, once everybody who called this has; models that were loaded stay as they are.
 */
export function replaceStock(): () => void {
  const { classNameMap } = serialization.SerializationMap.getMap();
  if (replacements++ === 0) {
    before = replacing.map(({ className }) => [className, classNameMap[className]]);
  }
  for (const layer of replacing) serialization.registerClass(layer);
  registerBatchNorm();
  let done = false;
  return () => {
    if (done) return;
    done = true;
    if (--replacements > 0) return;
    for (const [className, entry] of before) {
      if (entry) serialization.registerClass(entry[0]);
      else delete classNameMap[className];
    }
  };
}
