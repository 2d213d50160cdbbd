import { learner } from "../hosts/tfjs.ts";
import { batchNorm, drawLayers, sizesOf } from "../network.ts";
import { run } from "../run.ts";
import { type Data, pixelsOf } from "../samples.ts";

/** A network of TensorFlow.js's after a fixed number of steps. */
export interface RateRun {
  readonly batchNorm: boolean;
  readonly rate: number;
  /** Of the test samples, in [0, 1]. */
  readonly accuracy: number;
}

/** Each four times the one before. */
export const rates = [0.05, 0.2, 0.8, 3.2, 12.8];

/** Trains once at every rate, without Batch Normalization and with it. */
export async function compareRates(
  data: Data,
  { seed, batchSize, samples }: Record<"seed" | "batchSize" | "samples", number>,
  onRun: (done: number) => void,
): Promise<RateRun[]> {
  const layers = drawLayers(sizesOf(pixelsOf(data.train)), seed);
  const runs: RateRun[] = [];
  for (const rate of rates) {
    for (const normalized of [false, true]) {
      const network = learner({ layers, batchSize, rate }, normalized ? batchNorm : null);
      const plan = { tests: [samples], seed, stock: null, onTest() {} };
      const { points } = await run(network, data, plan);
      network.dispose();
      runs.push({ batchNorm: normalized, rate, accuracy: points.at(-1)?.accuracy ?? 0 });
      onRun(runs.length);
    }
  }
  return runs;
}
