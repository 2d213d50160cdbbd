import { learner, tfjs } from "../hosts/tfjs.ts";
import type { JobOptions } from "../job-options.ts";
import { drawLayers, sizesOf } from "../network.ts";
import { withProgress } from "../program.ts";
import { run, wholeBatches } from "../run.ts";
import { type Data, pixelsOf } from "../samples.ts";
import { carryAround, type Stop } from "./journey.ts";
import { compareRates, type RateRun, rates } from "./rates.ts";
import { compareStarts, type Distance, starts } from "./starts.ts";

/** What is found out with TensorFlow.js besides; null where the hosts that it needs were not asked for. */
export interface Studies {
  readonly rates: { readonly samples: number; readonly runs: readonly RateRun[] } | null;
  readonly starts: readonly Distance[] | null;
  readonly journey: { readonly samples: number; readonly stops: readonly Stop[] } | null;
}

/** Training samples of a run at one rate, and of the network that travels. */
const enough = { rates: 9000, journey: 6000 };
/** Steps after which running statistics are looked at. */
const looks = [1, 2, 3, 4, 6, 8, 11, 15, 20, 28, 40, 55, 75, 100, 140, 200, 280];

/** @param all - Whether all hosts were asked for. */
export async function study(options: JobOptions, data: Data, all: boolean): Promise<Studies> {
  if (!options.hosts.includes(tfjs.name)) return { rates: null, starts: null, journey: null };
  const { batchSize, samples } = options;
  const rate = options.rate ?? tfjs.rates.with;
  const few = (count: number): number =>
    wholeBatches([], Math.min(count, samples), batchSize)[0] as number;
  const steps = looks.filter((step) => step * batchSize <= samples);
  const tried = await withProgress("learning rates", 2 * rates.length, (onRun) =>
    compareRates(data, { ...options, samples: few(enough.rates) }, onRun),
  );
  const distances = await withProgress(
    "running statistics",
    starts.length * (steps.at(-1) ?? 0),
    (onStep) => compareStarts(data, { ...options, rate }, steps, onStep),
  );
  return {
    rates: { samples: few(enough.rates), runs: tried },
    starts: distances,
    journey: all
      ? { samples: few(enough.journey), stops: await travel(options, data, few(enough.journey)) }
      : null,
  };
}

async function travel(
  { seed, batchSize, rate }: JobOptions,
  data: Data,
  samples: number,
): Promise<Stop[]> {
  const layers = drawLayers(sizesOf(pixelsOf(data.train)), seed);
  const network = learner({ layers, batchSize, rate: rate ?? tfjs.rates.with });
  await run(network, data, { tests: [samples], seed, stock: null, onTest() {} });
  const { stops } = await carryAround(network, data.test);
  network.dispose();
  return stops;
}
