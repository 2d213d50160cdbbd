// How long a network of a host's trains until it knows the digits: 1,500 to train with, 297 to test with.
import { loadDigits, type Samples } from "../../packages/examples/src/digits.ts";
import type { Measured } from "./clock.ts";

/** Test accuracy to be reached. */
const goal = 0.95;
/** Milliseconds of training after which a run is given up. */
const cap = 60_000;

export interface DigitSample {
  readonly input: number[];
  readonly output: number[];
}

/** A network that begins anew. */
export interface Learner {
  /** Trains once on each of some samples. */
  train(samples: DigitSample[]): void;
  predict(inputs: number[][]): ArrayLike<number>[];
}

/** How a run went. */
export interface Learned {
  readonly reached: boolean;
  /** Training samples seen. */
  readonly samples: number;
  /** On the test's digits, in [0, 1]. */
  readonly accuracy: number;
}

/** Those who are too slow for a pass under the cap take the digits in parts, so that it can be kept. */
export function learnDigits(
  learner: Learner,
  partSize = Number.POSITIVE_INFINITY,
): Measured & { readonly learned: Learned } {
  const { train, test } = loadDigits("1");
  const [set, tested] = [samplesOf(train), samplesOf(test)];
  const inputs = tested.map(({ input }) => input);
  const accuracy = (): number => {
    const right = learner.predict(inputs).filter((y, i) => {
      const answers = Array.from(y);
      return answers.indexOf(Math.max(...answers)) === test.labels[i];
    });
    return right.length / tested.length;
  };
  let [ms, samples] = [0, 0];
  for (;;) {
    for (let from = 0; from < set.length && ms < cap; from += partSize) {
      const part = set.slice(from, from + partSize);
      const start = performance.now();
      learner.train(part);
      ms += performance.now() - start;
      samples += part.length;
    }
    const reached = accuracy();
    if (reached < goal && ms < cap) continue;
    return { ms, learned: { samples, accuracy: reached, reached: reached >= goal } };
  }
}

function samplesOf({ pixels, labels }: Samples): DigitSample[] {
  return Array.from(labels, (label, i) => ({
    input: Array.from(pixels.subarray(64 * i, 64 * (i + 1))),
    output: Array.from({ length: 10 }, (_, k) => Number(k === label)),
  }));
}
