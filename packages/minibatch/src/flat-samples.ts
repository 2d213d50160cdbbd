import type { FloatArray } from "@batchnorm/core";
import type { Network } from "./network.ts";
import type { NumberType } from "./network-options.ts";
import { newFloats } from "./parameters.ts";

/** Samples side by side, all numbers finite: what a {@link Flattener} and `checkTrainingData` give. */
export interface FlatSamples {
  /** [count, inputs]. */
  readonly x: FloatArray;
  /** [count, outputs]. */
  readonly t: FloatArray;
  readonly count: number;
}

/** Up to so many numbers, arrays are kept: to make them takes as long as to fill them. */
const mostKept = 65_536;

/** A sample of a host that trains on one at a time, or so one hopes. */
interface Pair {
  readonly input: ArrayLike<unknown>;
  readonly output: ArrayLike<unknown>;
}

/**
 * Brings samples of `{ input, output }` into flat arrays, and looks at each of them once: a tiny network trains
 * on a sample in 100 ns, and should not wait as long for it to be checked.
 */
export class Flattener {
  #x: FloatArray | null = null;
  #t: FloatArray | null = null;

  /**
   * @returns null unless all are arrays of numbers, of the network's widths and finite in its type: then
   * `checkTrainingData` says what is wrong. Good until the next call, which may use the same arrays.
   */
  flatten(
    samples: readonly unknown[],
    { inputs, outputs, type }: Pick<Network, "inputs" | "outputs" | "type">,
  ): FlatSamples | null {
    const count = samples.length;
    if (count === 0) return null;
    const x = floatsOf(this.#x, type, count * inputs);
    const t = floatsOf(this.#t, type, count * outputs);
    const few = x.length + t.length <= mostKept;
    this.#x = few ? x : null;
    this.#t = few ? t : null;
    try {
      return fill(x, t, samples as readonly Pair[], inputs, outputs) ? { x, t, count } : null;
    } catch {
      // To read a field of nothing throws, which takes less time than to ask each whether it is there.
      return null;
    }
  }
}

/** Whether all is as it should be; up to where it is not, all has been written. */
function fill(
  x: FloatArray,
  t: FloatArray,
  samples: readonly Pair[],
  inputs: number,
  outputs: number,
): boolean {
  // Stays 0 unless a number is NaN or infinite.
  let odd = 0;
  for (let i = 0, nextX = 0, nextT = 0; i < samples.length; i++) {
    const { input, output } = samples[i] as Pair;
    if (input.length !== inputs || output.length !== outputs) return false;
    for (let k = 0; k < inputs; k++) {
      const value = input[k];
      if (typeof value !== "number") return false;
      x[nextX] = value;
      odd += (x[nextX++] as number) * 0;
    }
    for (let k = 0; k < outputs; k++) {
      const value = output[k];
      if (typeof value !== "number") return false;
      t[nextT] = value;
      odd += (t[nextT++] as number) * 0;
    }
  }
  return odd === 0;
}

const floatsOf = (before: FloatArray | null, type: NumberType, length: number): FloatArray => {
  const fits =
    before?.length === length && before.BYTES_PER_ELEMENT === (type === "float32" ? 4 : 8);
  return fits ? before : newFloats(type, length);
};
