import type { Host, Learner } from "./hosts/host.ts";
import { hosts } from "./hosts/index.ts";
import type { JobOptions } from "./job-options.ts";
import { drawLayers, sizesOf } from "./network.ts";
import { percent } from "./percent.ts";
import { withProgress } from "./program.ts";
import { type Point, type Run, run, testsOf } from "./run.ts";
import { type Data, pixelsOf } from "./samples.ts";

/** A run without Batch Normalization sees as many samples, whatever its cap. */
export const least = 600;

/** One host's run. */
export interface HostRun extends Run {
  readonly host: string;
  readonly batchNorm: boolean;
  readonly rate: number;
  /** Samples of a step. */
  readonly step: number;
}

/** Looks into a network whenever it is tested. */
export type Observe = (learner: Learner, name: string, batchNorm: boolean, point: Point) => void;

/**
 * Trains the paper's network in every host, without Batch Normalization and with it, from the same first
 * weights, with the same samples in the same order.
 *
 * @see Ioffe & Szegedy 2015, section 4.1
 */
export async function compareHosts(
  options: JobOptions,
  data: Data,
  observe: Observe,
): Promise<HostRun[]> {
  const runs: HostRun[] = [];
  for (const host of hosts.filter(({ name }) => options.hosts.includes(name))) {
    for (const batchNorm of [false, true]) {
      runs.push(await trainHost(host, batchNorm, options, data, observe));
    }
  }
  return runs;
}

async function trainHost(
  host: Host,
  batchNorm: boolean,
  { samples, seed, batchSize, rate: asked, cap }: JobOptions,
  data: Data,
  observe: Observe,
): Promise<HostRun> {
  const rate = asked ?? (batchNorm ? host.rates.with : host.rates.without);
  const layers = drawLayers(sizesOf(pixelsOf(data.train)), seed);
  const learner = (batchNorm ? host.with : host.without)({ layers, batchSize, rate });
  const tests = testsOf(samples, batchSize);
  // A second or two of synaptic's.
  const part = Math.ceil(150 / batchSize) * batchSize;
  try {
    const ran = await withProgress(
      `${host.title} ${batchNorm ? "with" : "without"} Batch Normalization`,
      tests.at(-1) ?? 0,
      (onStep) =>
        run(learner, data, {
          ...{ tests, seed },
          stock: batchNorm ? null : { cap, least, part },
          async onTest(point) {
            onStep(point.seen);
            observe(learner, host.name, batchNorm, point);
            // A terminal is drawn on in between.
            await new Promise(setImmediate);
          },
        }),
      ({ points, seconds }) => {
        const { seen, accuracy } = points.at(-1) as Point;
        return `${seen.toLocaleString("en")} samples, ${percent(accuracy)}, ${seconds.toFixed(1)} s`;
      },
    );
    const step = batchNorm ? batchSize : (host.stockStep ?? batchSize);
    return { host: host.name, batchNorm, rate, step, ...ran };
  } finally {
    learner.dispose();
  }
}
