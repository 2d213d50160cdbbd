import type { Activation } from "../graph.ts";

/** `v[to + i] = activation(v[from + i])`; the two may be one. */
export function activate(
  v: Float64Array,
  kind: Activation,
  leak: number,
  from: number,
  to: number,
  length: number,
): void {
  if (kind === "sigmoid") {
    for (let i = 0; i < length; i++) v[to + i] = 1 / (1 + Math.exp(-(v[from + i] as number)));
  } else if (kind === "tanh") {
    for (let i = 0; i < length; i++) v[to + i] = Math.tanh(v[from + i] as number);
  } else if (kind === "relu") {
    for (let i = 0; i < length; i++) v[to + i] = Math.max(0, v[from + i] as number);
  } else if (kind === "leaky-relu") {
    for (let i = 0; i < length; i++) {
      const x = v[from + i] as number;
      v[to + i] = x > 0 ? x : leak * x;
    }
  } else if (kind === "step") {
    for (let i = 0; i < length; i++) {
      const x = v[from + i] as number;
      v[to + i] = x > 0 ? 1 : Number.isNaN(x) ? x : 0; // so that divergence is seen
    }
  } else if (from !== to) {
    v.copyWithin(to, from, from + length);
  }
}

/** `v[gradient + i] *= activation′`, by the activations themselves. */
export function slope(
  v: Float64Array,
  kind: Activation,
  leak: number,
  activations: number,
  gradient: number,
  length: number,
): void {
  if (kind === "identity" || kind === "step") return;
  for (let i = 0; i < length; i++) {
    const y = v[activations + i] as number;
    const g = v[gradient + i] as number;
    if (kind === "sigmoid") v[gradient + i] = g * (y * (1 - y));
    else if (kind === "tanh") v[gradient + i] = g * (1 - y * y);
    else if (kind === "relu") v[gradient + i] = y > 0 ? g : 0;
    else v[gradient + i] = y > 0 ? g : g * leak;
  }
}
