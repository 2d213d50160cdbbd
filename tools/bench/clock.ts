// The clock and the loop of a worker in JavaScript, in Node or on a page.
import type { Learned } from "./digits-goal.ts";
import { type Answer, checkedPlaces, type Request } from "./protocol.ts";
import { median } from "./statistics.ts";

/** One op on one shape, with its tensors in place. */
export type Prepared = Timed | Measuring;

/** What is asked for is how long `run` takes. */
export interface Timed {
  run(): unknown;
  /** The least that its bytes need, on the same tensors. */
  limit?: (() => unknown) | undefined;
  /** What the last run has computed, for a glance at whether it is right. */
  result?(): ArrayLike<number> | Promise<ArrayLike<number>>;
  dispose?(): void;
}

/** It measures itself. */
export interface Measuring {
  measure(): Measured | Promise<Measured>;
  dispose?(): void;
}

/** A time, or a number that is none; and how learning went. */
export interface Measured {
  readonly ms: number;
  readonly learned?: Learned;
}

/** Finds tensors and functions for a request, or says in words what the subject lacks. */
export type Prepare = (request: Request) => Prepared | string | Promise<Prepared | string>;

/** Answers requests; what one needs is kept for the next of the same op and shape. */
export class Bench {
  readonly #prepare: Prepare;
  #key = "";
  #prepared: Prepared | string = "";

  constructor(prepare: Prepare) {
    this.#prepare = prepare;
  }

  async answer(request: Request): Promise<Answer> {
    const wanted = `${request.op} ${request.dims}`;
    if (wanted !== this.#key) {
      if (typeof this.#prepared !== "string") this.#prepared.dispose?.();
      this.#prepared = await this.#prepare(request);
      this.#key = wanted;
    }
    const prepared = this.#prepared;
    if (typeof prepared === "string") return { lacks: prepared };
    if ("measure" in prepared) return { ...(await prepared.measure()), check: null };
    return request.limit ? timeLimit(prepared, request) : time(prepared, request);
  }
}

/** It leaves no result to be checked. */
async function timeLimit({ limit }: Timed, request: Request): Promise<Answer> {
  return limit ? time({ run: limit }, request) : { lacks: "knows no limit" };
}

async function time(prepared: Timed, { iterations, batches }: Request): Promise<Answer> {
  // Another process has had the caches since the last sample: one run brings the tensors back.
  // It doubles the cost of a slow op, sampled once, whose tensors were never in cache.
  if (batches > 1) await prepared.run();
  const samples: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const start = performance.now();
    const first = prepared.run();
    if (first instanceof Promise) {
      await first;
      for (let i = 1; i < iterations; i++) await prepared.run();
    } else {
      for (let i = 1; i < iterations; i++) prepared.run();
    }
    samples.push((performance.now() - start) / iterations);
  }
  const result = await prepared.result?.();
  const check = result && checkedPlaces(result.length).map((place) => result[place] as number);
  return { ms: median(samples), check: check ?? null };
}
