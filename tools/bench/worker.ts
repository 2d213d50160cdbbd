// What a worker in JavaScript has in common with the others: the lines it reads, the clock, the loop.
import { createInterface } from "node:readline";
import type { Learned } from "./digits-goal.ts";
import { type Answer, checkedPlaces, type Request } from "./protocol.ts";
import { median } from "./statistics.ts";

/** One op on one shape, with its tensors in place. */
export interface Prepared {
  run(): unknown;
  /** What the last run has computed, for a glance at whether it is right. */
  result?(): ArrayLike<number>;
  dispose?(): void;
  /** Whether `run` gives its time itself, and how the learning went, since not all of it is to be timed. */
  readonly timesItself?: boolean;
}

/** Finds tensors and functions for a request, or says in words what the subject lacks. */
export type Prepare = (request: Request) => Prepared | string | Promise<Prepared | string>;

/** Answers requests, one line each, until stdin ends. */
export async function serve(about: string, prepare: Prepare): Promise<void> {
  const write = (line: unknown): void => console.log(JSON.stringify(line));
  write({ ready: about });
  let key = "";
  let prepared: Prepared | string = "";
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Request;
    const wanted = `${request.op} ${request.dims}`;
    if (wanted !== key) {
      if (typeof prepared !== "string") prepared.dispose?.();
      prepared = await prepare(request);
      key = wanted;
    }
    write(typeof prepared === "string" ? { lacks: prepared } : await time(prepared, request));
  }
}

async function time(prepared: Prepared, { iterations, batches }: Request): Promise<Answer> {
  if (prepared.timesItself) {
    const { ms, ...learned } = prepared.run() as Learned & { ms: number };
    return { ms, check: null, learned };
  }
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
  const result = prepared.result?.();
  const check = result && checkedPlaces(result.length).map((place) => result[place] as number);
  return { ms: median(samples), check: check ?? null };
}
