import type { Learner } from "./hosts/host.ts";
import { accuracyOf, type Data, select } from "./samples.ts";
import { shuffled } from "./shuffle.ts";

/** Test accuracy to be reached. */
export const goal = 0.95;

/** A network that was trained, and tested on the way. */
export interface Run {
  /** Before training, and then as often as `testsOf` has it. */
  readonly points: readonly Point[];
  /** Of training alone. */
  readonly seconds: number;
  /** Null where it was not reached. */
  readonly toGoal: { readonly samples: number; readonly seconds: number } | null;
  readonly end: "samples" | "goal" | "cap";
}

export interface Point {
  /** Training samples. */
  readonly seen: number;
  /** Of the test samples, in [0, 1]. */
  readonly accuracy: number;
}

export interface Plan {
  /** Training samples seen at which to test, rising; multiples of the batch size. */
  readonly tests: readonly number[];
  readonly seed: number;
  /** Null for a run that does not stop at the goal, nor by the clock. */
  readonly stock: {
    /** Seconds of training after which it ends. */
    readonly cap: number;
    /** It sees as many samples whatever the clock says. */
    readonly least: number;
    /** Samples after which the clock is looked at; a multiple of the batch size. */
    readonly part: number;
  } | null;
  /** Told after every test. */
  readonly onTest: (point: Point) => void | Promise<void>;
}

/** Trains and tests. Every network that is given the same seed sees the same samples in the same order. */
export async function run(learner: Learner, data: Data, plan: Plan): Promise<Run> {
  const { tests, seed, stock, onTest } = plan;
  const order = orderOf(data.train.labels.length, seed);
  const points: Point[] = [];
  let [seen, seconds] = [0, 0];
  let toGoal: Run["toGoal"] = null;
  const test = async (): Promise<void> => {
    const accuracy = accuracyOf(learner.predict(data.test), data.test);
    points.push({ seen, accuracy });
    if (accuracy >= goal) toGoal ??= { samples: seen, seconds };
    await onTest({ seen, accuracy });
  };
  const ended = (): Run["end"] | null => {
    if (stock && toGoal) return "goal";
    return stock && seconds >= stock.cap && seen >= stock.least ? "cap" : null;
  };
  await test();
  let end: Run["end"] | null = null;
  for (const next of tests) {
    while (seen < next && !end) {
      const length = Math.min(next - seen, stock?.part ?? next);
      const indices = Array.from({ length }, () => order.next().value);
      const train = learner.prepare(select(data.train, indices));
      const start = performance.now();
      await train();
      seconds += (performance.now() - start) / 1000;
      seen += length;
      end = ended();
    }
    await test();
    end = ended();
    if (end) break;
  }
  return { points, seconds, toGoal, end: end ?? "samples" };
}

/** Samples without end, in another order in every pass. */
export function* orderOf(samples: number, seed: number): Generator<number, never> {
  for (let pass = 0; ; pass++) yield* shuffled(samples, `pass ${pass} of ${seed}`);
}

/** Counts of samples as the table has them: those that a run sees, in whole batches. */
export const columns = [300, 600, 1500, 6000, 30_000, 90_000];

/** Where runs are tested: close together in the beginning, and where the table has a column. */
export function testsOf(samples: number, batchSize: number): number[] {
  const steps = [
    ...range(60, 300, 60),
    ...range(600, 1500, 300),
    ...range(2250, 15_000, 750),
    ...range(16_500, Math.max(samples, 16_500), 1500),
  ];
  return wholeBatches([...steps, samples], samples, batchSize);
}

/** Counts as whole batches, each once, as far as `samples` go. */
export function wholeBatches(
  counts: readonly number[],
  samples: number,
  batchSize: number,
): number[] {
  const whole = counts.map((count) => Math.ceil(count / batchSize) * batchSize);
  const last = samples - (samples % batchSize);
  const within = new Set([...whole.filter((count) => count < last), last]);
  return [...within].sort((a, b) => a - b);
}

const range = (from: number, to: number, by: number): number[] =>
  Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, i) => from + i * by);
