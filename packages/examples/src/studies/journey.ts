import * as brain from "../hosts/brain.ts";
import * as synaptic from "../hosts/synaptic.ts";
import * as tfjs from "../hosts/tfjs.ts";
import type { Carried } from "../network.ts";
import { pairsOf, type Samples } from "../samples.ts";

/** A host that a network was carried to. */
export interface Stop {
  readonly host: string;
  /** The largest difference of an output from where the journey began, over all test samples. */
  readonly difference: number;
}

/** What an output in (0, 1) may change by: float32 rounds four layers of at most 100 products each. */
export const tolerance = 1e-5;

/**
 * Carries a trained network from TensorFlow.js to synaptic, to brain.js, and back: weights as they are,
 * and Batch Normalization as its states. Each stop reads what it hands on from its own network.
 */
export async function carryAround(
  { model }: tfjs.Modelled,
  samples: Samples,
): Promise<{ readonly stops: Stop[]; readonly carried: readonly Carried[] }> {
  const pairs = pairsOf(samples);
  const inputs = pairs.map(({ input }) => input);
  const began = tfjs.predict(model, samples);
  const stop = (host: string, outputs: readonly ArrayLike<number>[]): Stop => ({
    host,
    difference: largestDifference(began, outputs),
  });

  const first = await tfjs.carriedOf(model);
  const network = synaptic.fromCarried(first);
  const second = synaptic.carriedOf(network);
  const net = brain.fromCarried(second);
  const third = brain.carriedOf(net);
  const back = tfjs.fromCarried(third);
  const fourth = await tfjs.carriedOf(back);
  const stops = [
    stop("synaptic", synaptic.predict(network, samples)),
    stop(
      "brain",
      inputs.map((input) => net.run(input)),
    ),
    stop("tfjs", tfjs.predict(back, samples)),
  ];
  back.dispose();
  return { stops, carried: [first, second, third, fourth] };
}

function largestDifference(
  a: readonly ArrayLike<number>[],
  b: readonly ArrayLike<number>[],
): number {
  return Math.max(
    ...a.flatMap((row, i) =>
      Array.from(row, (value, k) => Math.abs(value - (b[i]?.[k] ?? Number.NaN))),
    ),
  );
}
