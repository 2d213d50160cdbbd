import {
  backwardTraining,
  forwardInference,
  forwardTraining,
  type Layout,
  sizeOf,
} from "@batchnorm/core";
import { checkedPlaces } from "./protocol.ts";
import { activations, gradient, parametersOf } from "./sample-data.ts";

/** What y and dx, of order 1, may differ by in float32: enough to tell a wrong formula from rounding. */
const tolerance = 1e-3;

/** What core computed last: six subjects in turn are held against the same. */
let known = { key: "", values: [] as number[] };

/** @throws {Error} when the three values that a worker shows are not what core computes. */
export function requireRight(op: string, layout: Layout, check: readonly number[]): void {
  const key = `${op} ${Object.values(layout)}`;
  if (known.key !== key) {
    const result = compute(op, layout);
    const values = checkedPlaces(result.length).map((place) => result[place] as number);
    known = { key, values };
  }
  const right = known.values.every((value, i) => Math.abs(value - (check[i] ?? NaN)) <= tolerance);
  if (!right) throw new Error(`computes ${check} where core computes ${known.values}`);
}

function compute(op: string, layout: Layout): Float32Array {
  const { mean, variance, ...parameters } = parametersOf(layout);
  const x = activations(sizeOf(layout));
  if (op === "inference") return forwardInference(x, layout, { mean, variance }, parameters);
  const { y, moments } = forwardTraining(x, layout, parameters);
  if (op === "forward") return y;
  return backwardTraining(gradient(x.length), x, layout, moments, parameters).dx;
}
