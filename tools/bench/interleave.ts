import type { Series } from "./statistics.ts";

/** Something that is timed against others. */
export interface Contender {
  readonly name: string;
  /** Milliseconds an iteration, the median of the batches; throws when it cannot. */
  time(iterations: number, batches: number): Promise<number>;
}

/** Everyone's times, turn by turn; and who has none, for which reason. */
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

/**
 * Quicker ones have five turns in a round, where there are others like them: a busy neighbour of a shared
 * machine, who stays for a second, is then there for a few turns of many.
 */
const quickMs = 10;
const quickTurns = 5;

interface Plan {
  readonly contender: Contender;
  readonly ms: number;
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
  const turns = new Turns(contenders, rounds);
  await turns.take(rounds);
  return turns;
}

/** {@link interleave}, with a rest after any round. */
export class Turns implements Timings {
  readonly series = new Map<string, (number | undefined)[]>();
  readonly lacking = new Map<string, string>();
  readonly #contenders: readonly Contender[];
  readonly #rounds: number;
  #plans: Plan[] = [];
  #round = 0;
  #turn = 0;

  /** @param rounds - How many there will be in all. */
  constructor(contenders: readonly Contender[], rounds: number) {
    this.#contenders = contenders;
    this.#rounds = rounds;
  }

  /** The next rounds. */
  async take(rounds: number): Promise<void> {
    if (this.#round === 0) await this.#begin();
    // Something else has run in between: one iteration brings its code and tensors back.
    else
      for (const { contender } of this.#due())
        await this.#attempt(contender, () => contender.time(1, 1));
    for (const end = this.#round + rounds; this.#round < end; this.#round++) {
      await this.#time(this.#plans.filter(({ rounds }) => this.#round < rounds));
      const quick = this.#plans.filter(({ ms }) => ms < quickMs);
      if (quick.length < 2) continue;
      for (let turn = 1; turn < quickTurns; turn++) await this.#time(quick);
    }
  }

  /** A turn of each. */
  async #time(plans: readonly Plan[]): Promise<void> {
    for (const i of plans.keys()) {
      const plan = plans[(i + this.#turn) % plans.length] as Plan;
      const { contender, iterations, batches } = plan;
      const times = this.series.get(contender.name);
      if (!times) continue;
      times[this.#turn] = await this.#attempt(contender, () => contender.time(iterations, batches));
    }
    this.#turn++;
  }

  async #begin(): Promise<void> {
    for (const contender of this.#contenders) {
      const plan = await this.#attempt(contender, () => calibrate(contender, this.#rounds));
      if (!plan) continue;
      this.#plans.push(plan);
      this.series.set(contender.name, []);
    }
  }

  #due(): Plan[] {
    return this.#plans.filter(
      ({ contender, rounds }) => this.series.has(contender.name) && this.#round < rounds,
    );
  }

  /** A contender that fails is left out from then on; the others go on. */
  async #attempt<T>({ name }: Contender, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.lacking.set(name, (error as Error).message);
      this.series.delete(name);
      return undefined;
    }
  }
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
    ms,
    iterations,
    batches: ms > 10 * batchMs ? 1 : batches,
    rounds: ms > slowMs ? Math.min(rounds, slowRounds) : rounds,
  };
}
