import type { Series } from "./statistics.ts";

/** Something that is timed against others. */
export interface Contender {
  readonly name: string;
  /** Milliseconds an iteration, the median of the batches; throws when it cannot. */
  time(iterations: number, batches: number): Promise<number>;
}

/** Everyone's times, round by round; and who has none, for which reason. */
export interface Timings {
  readonly series: ReadonlyMap<string, Series>;
  readonly lacking: ReadonlyMap<string, string>;
}

/** A batch long enough for the clock; five of them make a sample, whose median is kept. */
const batchMs = 4;
const batches = 5;
/** Long enough for V8 to have compiled the loops as well as it can. */
const warmUpMs = 300;
/** A slower iteration is sampled once a round, and in three rounds only. */
const slowMs = 500;
const slowRounds = 3;

interface Plan {
  readonly contender: Contender;
  readonly iterations: number;
  readonly batches: number;
  readonly rounds: number;
}

/**
 * Times contenders in turn, round after round, so that whatever else the machine does falls on all of
 * them alike. Each round starts with another one, so that none always follows the same neighbour.
 */
export async function interleave(
  contenders: readonly Contender[],
  rounds: number,
): Promise<Timings> {
  const series = new Map<string, (number | undefined)[]>();
  const lacking = new Map<string, string>();
  /** A contender that fails is left out from then on; the others go on. */
  const attempt = async <T>({ name }: Contender, work: () => Promise<T>) => {
    try {
      return await work();
    } catch (error) {
      lacking.set(name, (error as Error).message);
      series.delete(name);
      return undefined;
    }
  };

  const plans: Plan[] = [];
  for (const contender of contenders) {
    const plan = await attempt(contender, () => calibrate(contender, rounds));
    if (!plan) continue;
    plans.push(plan);
    series.set(contender.name, []);
  }
  for (let round = 0; round < rounds; round++) {
    for (const i of plans.keys()) {
      const { contender, ...plan } = plans[(i + round) % plans.length] as Plan;
      const times = series.get(contender.name);
      if (!times || round >= plan.rounds) continue;
      times[round] = await attempt(contender, () => contender.time(plan.iterations, plan.batches));
    }
  }
  return { series, lacking };
}

/** Warms a contender up, and finds how many iterations make a batch. */
async function calibrate(contender: Contender, rounds: number): Promise<Plan> {
  let ms = await contender.time(1, 1);
  let iterations = 1;
  for (let spent = ms; spent < warmUpMs; spent += ms * iterations * batches) {
    iterations = Math.max(1, Math.min(Math.ceil(batchMs / ms), 10 * iterations));
    ms = await contender.time(iterations, batches);
  }
  return {
    contender,
    iterations,
    batches: ms > 10 * batchMs ? 1 : batches,
    rounds: ms > slowMs ? Math.min(rounds, slowRounds) : rounds,
  };
}
