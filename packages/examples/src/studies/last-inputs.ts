import * as tf from "@tensorflow/tfjs-core";
import { model as modelOf, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { inputsOf, type Modelled } from "../hosts/tfjs.ts";
import type { Samples } from "../samples.ts";

/** How the inputs of one sigmoid were distributed at one time. */
export interface Spread {
  readonly batchNorm: boolean;
  /** Training samples. */
  readonly seen: number;
  /** The 15th, 50th and 85th percentile over the test samples. */
  readonly percentiles: readonly [number, number, number];
}

const shares = [0.15, 0.5, 0.85] as const;
const unit = 0;

/**
 * Looks at the first sigmoid of the last hidden layer.
 *
 * @see Ioffe & Szegedy 2015, figure 1 (b, c)
 */
export function spreadOf(
  { model }: Modelled,
  samples: Samples,
): Pick<Spread, "percentiles">["percentiles"] {
  const sigmoids = model.layers.filter((layer) => layer.getClassName() === "Activation");
  const outputs = sigmoids.at(-2)?.input as SymbolicTensor;
  const before = modelOf({ inputs: model.inputs, outputs });
  const values = tf.tidy(() =>
    tf.slice(before.predict(inputsOf(samples)) as tf.Tensor2D, [0, unit], [-1, 1]).dataSync(),
  );
  const sorted = Float32Array.from(values).sort();
  const [a, b, c] = shares.map((share) => quantile(sorted, share));
  return [a as number, b as number, c as number];
}

/** Between the two nearest values, in proportion. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)] as number, sorted[Math.ceil(at)] as number];
  return low + (at - Math.floor(at)) * (high - low);
}
