import { BatchNorm, type BatchNormState, forwardInference, layoutOf } from "@batchnorm/core";
import { normals } from "./random.ts";

/** A state with everything away from its start. */
export function stateOf(channels: number, mean = 0): BatchNormState {
  return {
    ...new BatchNorm(channels, { epsilon: 1e-3 }).toState(),
    gamma: Array.from(normals("gamma", channels)),
    beta: Array.from(normals("beta", channels)),
    runningMean: Array.from(normals("mean", channels, mean, 2)),
    runningVariance: Array.from(normals("variance", channels), (v) => v * v),
  };
}

/** What a layer of that state gives at inference; channels on axis 0 of a shape of rank 2. */
export function normalized(
  state: BatchNormState,
  x: Float64Array,
  [channels, inner]: readonly [number, number],
): Float64Array {
  const floats = (values: readonly number[] | null): Float64Array =>
    Float64Array.from(values ?? []);
  const statistics = { mean: floats(state.runningMean), variance: floats(state.runningVariance) };
  const parameters = {
    gamma: state.gamma && floats(state.gamma),
    beta: state.beta && floats(state.beta),
    epsilon: state.epsilon,
  };
  const layout = layoutOf([1, channels, inner], 1);
  return forwardInference(x, layout, statistics, parameters);
}
