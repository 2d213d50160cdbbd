import { refuse } from "../errors.ts";
import type { BatchNormState } from "../state.ts";

/** What float32 statistics of a peer may be off by, where the initial 1 is still in them. */
export const rounding = 1e-6;

/**
 * Gives a state another epsilon, and lets the variance take up the difference, or gamma where it
 * cannot: a variance must stay ≥ 0. Predictions stay the same.
 *
 * @param lose - Called with what does not.
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE` where a variance and the old epsilon are both 0.
 */
export function moveEpsilon(
  state: BatchNormState,
  epsilon: number,
  lose: (text: string) => void,
): BatchNormState {
  const { runningVariance, updates, channels, start, weight } = state;
  const shift = state.epsilon - epsilon;
  if (shift === 0) return state;
  if (!runningVariance) {
    lose("without running statistics epsilon acts on each batch: predictions change with it");
    return { ...state, epsilon };
  }
  const variances = [...runningVariance];
  const gamma = state.gamma ? [...state.gamma] : new Array<number>(channels).fill(1);
  // A later change of start must still find the initial 1 as it was, while it weighs anything.
  const settled = updates > 0 && (start !== "zero-one" || 1 - weight < rounding);
  let moved = false;
  let scaled = false;
  for (const [c, variance] of runningVariance.entries()) {
    if (settled && variance + shift >= 0) {
      variances[c] = variance + shift;
      moved = true;
      continue;
    }
    const divisor = Math.sqrt(variance + state.epsilon);
    if (divisor === 0) {
      const rule = `runningVariance[${c}] + epsilon of a state must be > 0 to change epsilon`;
      refuse("ERR_BATCHNORM_STATE", rule, 0);
    }
    gamma[c] = ((gamma[c] as number) * Math.sqrt(variance + epsilon)) / divisor;
    scaled = true;
  }
  if (scaled && !state.gamma) lose("the layer had no gamma, and must have one for the new epsilon");
  return {
    ...state,
    epsilon,
    runningVariance: variances,
    gamma: scaled ? gamma : state.gamma,
    // A shifted variance is no longer m/(m − 1) times anything.
    valuesPerChannel: moved ? null : state.valuesPerChannel,
  };
}
