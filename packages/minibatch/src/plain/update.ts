import { controls } from "../controls.ts";
import type { ResolvedOptimizer } from "../optimizer.ts";

/**
 * Moves `length` parameters along their gradients; offsets count values.
 *
 * @param slot - From a parameter to the optimizer's next value for it; the gradients come last.
 * @param control - Where the controls are.
 * @param step - Counted from 1.
 */
export function update(
  v: Float64Array,
  kind: ResolvedOptimizer["kind"],
  slots: number,
  parameter: number,
  slot: number,
  control: number,
  step: number,
  length: number,
): void {
  const end = parameter + length;
  const rate = v[control + controls.rate] as number;
  const toGradient = (slots + 1) * slot;
  if (slots === 0) {
    for (let w = parameter; w < end; w++) {
      v[w] = (v[w] as number) - rate * (v[w + toGradient] as number);
    }
  } else if (kind === "sgd") {
    const momentum = v[control + controls.momentum] as number;
    for (let w = parameter; w < end; w++) {
      const change = momentum * (v[w + slot] as number) + rate * (v[w + toGradient] as number);
      v[w + slot] = change;
      v[w] = (v[w] as number) - change;
    }
  } else {
    adam(v, parameter, slot, control, step, end);
  }
}

function adam(
  v: Float64Array,
  parameter: number,
  slot: number,
  control: number,
  step: number,
  end: number,
): void {
  const beta1 = v[control + controls.beta1] as number;
  const beta2 = v[control + controls.beta2] as number;
  const epsilon = v[control + controls.epsilon] as number;
  const rate = (v[control + controls.rate] as number) / (1 - beta1 ** step);
  const secondScale = 1 / (1 - beta2 ** step);
  for (let w = parameter; w < end; w++) {
    const g = v[w + 3 * slot] as number;
    const first = beta1 * (v[w + slot] as number) + (1 - beta1) * g;
    const second = beta2 * (v[w + 2 * slot] as number) + (1 - beta2) * (g * g);
    v[w + slot] = first;
    v[w + 2 * slot] = second;
    v[w] = (v[w] as number) - (rate * first) / (Math.sqrt(second * secondScale) + epsilon);
  }
}
