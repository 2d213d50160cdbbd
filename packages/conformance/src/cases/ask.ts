import type { BatchNormOptions, BatchNormState, FloatArray } from "@batchnorm/core";
import { ConformanceError } from "../case.ts";
import type { Eventually, Gradients, Subject, SubjectLayer } from "../subject.ts";
import { expectThat, type Tolerance } from "../tolerance.ts";

/** Makes a layer, lets it be used, and frees it, however that ended. */
export async function withLayer<T>(
  subject: Subject,
  options: BatchNormOptions,
  shape: readonly number[],
  use: (layer: SubjectLayer) => Promise<T>,
): Promise<T> {
  const layer = await subject.create(options, shape);
  for (const method of ["forward", "state", "load"] as const) {
    const given = typeof layer?.[method];
    expectThat(given === "function", `${method} of what create returns`, "a function", given);
  }
  try {
    return await use(layer);
  } finally {
    await layer.dispose?.();
  }
}

export const training = { training: true } as const;
export const inference = { training: false } as const;

/** Calls backward, which a subject with the feature `gradient` has. */
export function backward(layer: SubjectLayer, dy: FloatArray): Eventually<Gradients> {
  if (!layer.backward) {
    throw new ConformanceError("backward", "a method, as `gradient` is declared", "none");
  }
  return layer.backward(dy);
}

/** Changes some fields of a layer's state. */
export async function put(layer: SubjectLayer, change: Partial<BatchNormState>): Promise<void> {
  await layer.load({ ...(await layer.state()), ...change });
}

/** Asserts that a call throws, and that what it says names what is wrong. */
export async function expectRefusal(
  what: string,
  names: RegExp,
  call: () => unknown,
): Promise<void> {
  let message: string | null = null;
  try {
    await call();
  } catch (error) {
    message = error instanceof Error ? error.message : String(error);
  }
  if (message === null) throw new ConformanceError(what, "an error", "none");
  expectThat(
    names.test(message),
    `the error for ${what}`,
    `a message that matches ${names}`,
    message,
  );
}

/** Asserts that a layer holds what it held before, and names the field where it does not. */
export function expectSameState(before: BatchNormState, after: BatchNormState): void {
  for (const key of Object.keys(before) as (keyof BatchNormState)[]) {
    const [expected, received] = [before, after].map((state) => JSON.stringify(state[key]));
    expectThat(expected === received, `${key} of the state`, `${expected}`, received);
  }
}

const isFloat64 = (subject: Subject): boolean => subject.supports.includes("float64");

/**
 * How far y may be off: float64 keeps 1e-12, float32 1e-6 of max(1, |y|), which are a few roundings of
 * the contract's own bounds.
 */
export const forY = (subject: Subject): Tolerance =>
  isFloat64(subject) ? both(1e-12) : both(1e-6);

/** How far statistics may be off: a rounding or two of the type that they are kept in. */
export const forStatistics = (subject: Subject): Tolerance =>
  isFloat64(subject) ? both(1e-12) : { relative: 2e-6, absolute: 1e-6 };

/**
 * How far gradients may be off: sums of some tens of products that cancel, times 1/√epsilon at the
 * worst.
 */
export const forGradients = (subject: Subject): Tolerance =>
  isFloat64(subject) ? { relative: 1e-10, absolute: 1e-11 } : { relative: 2e-5, absolute: 2e-5 };

const both = (bound: number): Tolerance => ({ relative: bound, absolute: bound });

/** `zero-one` and biased averages, which every subject has, moved by a known momentum. */
export const plain: BatchNormOptions = {
  momentum: 0.9,
  epsilon: 1e-3,
  start: "zero-one",
  varianceEstimator: "biased",
};
