import type { ResolvedOptions } from "./options.ts";
import type { RenormStatistics } from "./renorm.ts";
import type { ResolvedRenormOptions } from "./renorm-options.ts";
import type { RunningStatistics } from "./running.ts";
import type { BatchNormState, RenormState } from "./state.ts";

/** The arrays that make a layer; null for those that it does not have. */
export interface LayerArrays {
  readonly gamma: Float64Array | null;
  readonly beta: Float64Array | null;
  readonly running: RunningStatistics | null;
  readonly renorm: RenormStatistics | null;
}

/** A layer as plain JSON. */
export function stateOf(
  { gamma, beta, running, renorm }: LayerArrays,
  channels: number,
  options: ResolvedOptions,
): BatchNormState {
  const { name, epsilon, momentum, varianceEstimator, start } = options;
  return {
    version: 1,
    name,
    channels,
    gamma: gamma && numbersOf(gamma),
    beta: beta && numbersOf(beta),
    runningMean: running && numbersOf(running.mean),
    runningVariance: running && numbersOf(running.variance),
    epsilon,
    momentum,
    varianceEstimator,
    start,
    updates: running?.updates ?? 0,
    weight: running?.weight ?? 0,
    valuesPerChannel: running?.valuesPerChannel ?? null,
    renorm: renorm && renormStateOf(renorm, options.renorm as ResolvedRenormOptions),
  };
}

function renormStateOf(renorm: RenormStatistics, options: ResolvedRenormOptions): RenormState {
  const bound = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return {
    rmin: options.rmin,
    rmax: bound(options.rmax),
    dmax: bound(options.dmax),
    momentum: options.momentum,
    mean: numbersOf(renorm.mean),
    deviation: numbersOf(renorm.deviation),
    movingDeviation: numbersOf(renorm.movingDeviation),
  };
}

/** Array.from takes twenty times as long, and hosts read and write states at every call. */
function numbersOf(values: Float64Array): number[] {
  const numbers: number[] = [];
  for (let i = 0; i < values.length; i++) numbers.push(values[i] as number);
  return numbers;
}

/** Writes a state that fits into a layer's arrays. */
export function restore(
  { gamma, beta, running, renorm }: LayerArrays,
  state: BatchNormState,
): void {
  const { updates, weight, valuesPerChannel } = state;
  const copies = [
    [state.gamma, gamma],
    [state.beta, beta],
    [state.runningMean, running?.mean],
    [state.runningVariance, running?.variance],
    [state.renorm?.mean, renorm?.mean],
    [state.renorm?.deviation, renorm?.deviation],
    [state.renorm?.movingDeviation, renorm?.movingDeviation],
  ] as const;
  for (const [from, to] of copies) {
    if (from && to) to.set(from);
  }
  if (running) Object.assign(running, { updates, weight, valuesPerChannel });
}
