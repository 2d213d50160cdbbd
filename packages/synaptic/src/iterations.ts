import type { Progress, Rate, ResolvedTraining } from "./training-options.ts";

/** Every host has it, and no standard of the language says so. */
declare const console: { log(...what: readonly unknown[]): void };

/** What iterations have effects by. */
interface Effects {
  /** The error on samples that were kept from training; null without. */
  readonly test: (() => number) | null;
  /** Sets the rate of the next iteration. */
  readonly setRate: (rate: number) => void;
  /** Brings the host's network up to date. */
  readonly publish: () => void;
}

/** What happens between iterations, as synaptic's Trainer has it: rate, schedule, log, ends. */
export class Iterations {
  /** synaptic begins with 1. */
  error = 1;
  done = 0;
  readonly #options: ResolvedTraining;
  readonly #effects: Effects;
  #rate = Number.NaN;
  #aborted = false;

  constructor(options: ResolvedTraining, effects: Effects) {
    this.#options = options;
    this.#effects = effects;
    if (!this.over) this.#begin(0);
  }

  /** Whether nothing happens between iterations but that the error may be small enough. */
  get undisturbed(): boolean {
    const { rate, schedule, log } = this.#options;
    return typeof rate === "number" && !schedule && log === 0 && !this.#effects.test;
  }

  /** Enters iterations that nobody was asked between. @param error - Of the last one. */
  enter(iterations: number, error: number): void {
    this.done = iterations;
    if (iterations > 0) this.error = error;
  }

  /** Whether no iteration is to follow. */
  get over(): boolean {
    const { error, iterations, crossValidate } = this.#options;
    if (this.#aborted || this.done >= iterations || this.error <= error) return true;
    const { testError } = crossValidate ?? {};
    return testError !== undefined && this.error <= testError;
  }

  /**
   * Ends an iteration.
   *
   * @param error - The mean cost of its samples.
   * @returns a promise where the schedule gives one, and else nothing.
   */
  end(error: number): unknown {
    this.done++;
    this.error = this.#effects.test?.() ?? error;
    const progress = { error: this.error, iterations: this.done, rate: this.#rate };
    const answer = this.#tell(progress);
    if (answer instanceof Promise) {
      return answer.then((stop) => this.#decide(stop));
    }
    return this.#decide(answer);
  }

  #decide(stop: unknown): void {
    if (stop) this.#aborted = true;
    if (!this.over) this.#begin(this.error);
  }

  #begin(lastError: number): void {
    const { rate, iterations } = this.#options;
    this.#rate = rateOf(rate, this.done + 1, iterations, lastError);
    this.#effects.setRate(this.#rate);
  }

  /** @returns what the schedule returns. */
  #tell(progress: Progress): unknown {
    const { schedule, log } = this.#options;
    if (schedule && this.done % schedule.every === 0) {
      this.#effects.publish();
      return schedule.do(progress);
    }
    if (log > 0 && this.done % log === 0) {
      const { iterations, error, rate } = progress;
      console.log("iterations", iterations, "error", error, "rate", rate);
    }
    return false;
  }
}

/**
 * The rate of an iteration, from 1. A list has a new rate each ⌊iterations ÷ length⌋, counted from 0 as
 * synaptic does: the first one ends an iteration early, and the last one stays.
 */
export function rateOf(rate: Rate, iteration: number, iterations: number, error: number): number {
  if (typeof rate === "number") return rate;
  if (typeof rate === "function") return rate(iteration, error);
  const each = Math.max(1, Math.floor(iterations / rate.length));
  return rate[Math.min(Math.floor(iteration / each), rate.length - 1)] as number;
}
