import type { FloatArray } from "@batchnorm/core";
import type { Subject } from "./subject.ts";

/** Numbers that look random and are the same everywhere, about N(mean, deviation). */
export function samples(seed: number, length: number, mean = 0, deviation = 1): Float64Array {
  // Park and Miller's minimal standard generator; twelve uniforms add up to a normal but for 6.
  let state = (seed * 48_271 + 11) % 2_147_483_647;
  const uniform = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const normal = (): number => Array.from({ length: 12 }, uniform).reduce((a, b) => a + b) - 6;
  return Float64Array.from({ length }, () => mean + deviation * normal());
}

/** Numbers in the type that the subject computes in. */
export function inputs(subject: Subject, values: ArrayLike<number>): FloatArray {
  const float64 = subject.supports.includes("float64");
  return float64 ? Float64Array.from(values) : Float32Array.from(values);
}
