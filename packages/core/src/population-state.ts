import { refuse } from "./errors.ts";
import type { PopulationStatistics } from "./population.ts";
import { type BatchNormState, parseState } from "./state.ts";

/**
 * A state with its running statistics replaced by a population's, everything else as it was. They
 * weigh 1, so that nothing of the start is left in them, and count for as many updates as there were
 * batches, which is what a cumulative average goes on from. With renorm the moving deviation follows,
 * √(variance + epsilon), or the next batch would bring the old variance back; the averages that correct
 * batches stay.
 *
 * @returns a new state; `state` stays as it is.
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE` when the state is malformed, has no running
 * statistics to replace, says another estimator than the population has, or other numbers of channels,
 * or the population is not finite.
 */
export function withPopulation(
  state: BatchNormState,
  population: PopulationStatistics,
): BatchNormState {
  const { name, channels, runningMean, varianceEstimator, epsilon, renorm } = parseState(state);
  const { mean, variance, batches, valuesPerChannel } = population;
  if (runningMean === null) {
    const rule = `${name} must have running statistics for a population's to replace`;
    refuse("ERR_BATCHNORM_STATE", rule, runningMean);
  }
  if (mean.length !== channels) {
    const rule = `a population for ${name} must have ${channels} channels`;
    refuse("ERR_BATCHNORM_STATE", rule, mean.length);
  }
  // Otherwise a later batch, or a conversion, would take the one variance for the other.
  if (population.varianceEstimator !== varianceEstimator) {
    const rule =
      `a population for ${name} must have the state's ${varianceEstimator} variance (compute that one, ` +
      "or change the state's varianceEstimator)";
    refuse("ERR_BATCHNORM_STATE", rule, population.varianceEstimator);
  }
  return parseState({
    ...state,
    runningMean: Array.from(mean),
    runningVariance: Array.from(variance),
    updates: batches,
    weight: 1,
    valuesPerChannel,
    renorm: renorm && {
      ...renorm,
      movingDeviation: Array.from(variance, (value) => Math.sqrt(value + epsilon)),
    },
  });
}
