import { refuse } from "@batchnorm/core";

/**
 * How parameters follow their gradients g at a rate:
 *
 * - sgd: `v ← momentum · v + rate · g; w ← w − v`, as brain.js has it; without momentum `w ← w − rate · g`;
 * - adam: `m ← beta1 · m + (1 − beta1) · g; v ← beta2 · v + (1 − beta2) · g²;
 *   w ← w − rate · m / (1 − beta1ᵗ) / (√(v / (1 − beta2ᵗ)) + epsilon)`.
 *
 * @see Kingma & Ba 2015, Algorithm 1
 */
export type Optimizer =
  | {
      readonly kind: "sgd";
      /** In [0, 1). Default 0. */
      readonly momentum?: number | undefined;
    }
  | {
      readonly kind: "adam";
      /** In [0, 1). Default 0.9. */
      readonly beta1?: number | undefined;
      /** In [0, 1). Default 0.999. */
      readonly beta2?: number | undefined;
      /** In units of the gradient, > 0. Default 1e-8. */
      readonly epsilon?: number | undefined;
    };

/** An optimizer with nothing left open. */
export type ResolvedOptimizer =
  | { readonly kind: "sgd"; readonly momentum: number }
  | {
      readonly kind: "adam";
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
    };

/** @throws {BatchNormError} `ERR_BATCHNORM_OPTION` naming what is unknown or out of range. */
export function resolveOptimizer(optimizer: Optimizer = { kind: "sgd" }): ResolvedOptimizer {
  if (optimizer?.kind === "sgd") {
    requireKeys(optimizer, ["kind", "momentum"]);
    const { momentum = 0 } = optimizer;
    requireShare("momentum", momentum);
    return { kind: "sgd", momentum };
  }
  if (optimizer?.kind === "adam") {
    requireKeys(optimizer, ["kind", "beta1", "beta2", "epsilon"]);
    const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = optimizer;
    requireShare("beta1", beta1);
    requireShare("beta2", beta2);
    if (!(Number.isFinite(epsilon) && epsilon > 0)) {
      refuse("ERR_BATCHNORM_OPTION", "epsilon of adam must be a finite number > 0", epsilon);
    }
    return { kind: "adam", beta1, beta2, epsilon };
  }
  return refuse("ERR_BATCHNORM_OPTION", "optimizer must be of kind sgd or adam", optimizer);
}

/** How many values the optimizer keeps for each parameter. */
export function slotsOf(optimizer: ResolvedOptimizer): number {
  if (optimizer.kind === "adam") return 2;
  return optimizer.momentum > 0 ? 1 : 0;
}

function requireKeys(optimizer: object, known: readonly string[]): void {
  for (const key of Object.keys(optimizer)) {
    if (known.includes(key)) continue;
    refuse("ERR_BATCHNORM_OPTION", `an optimizer's option must be one of ${known.join(", ")}`, key);
  }
}

function requireShare(name: string, value: number): void {
  if (typeof value === "number" && value >= 0 && value < 1) return;
  refuse("ERR_BATCHNORM_OPTION", `${name} must lie in [0, 1)`, value);
}
