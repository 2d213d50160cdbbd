import {
  type BatchNormState,
  createRunningStatistics,
  defaultOptions,
  foldAfter,
  foldBefore,
  type LinearWeights,
  stateOf,
} from "@batchnorm/core";
import { defaults } from "../../defaults.ts";
import type { StockLayer } from "../stock.ts";
import type { Place } from "./between.ts";
import type { Fold } from "./plan.ts";

/**
 * The kernels and the bias of a linear layer, in float64, once it has taken over what stands before and
 * behind it.
 *
 * @param stages - Its kernels, in the order in which data pass them; the last has the bias.
 * @throws {BatchNormError} as core's `foldAfter` and `foldBefore`.
 */
export function foldNumbers(
  stages: readonly LinearWeights[],
  folds: readonly Fold[],
  states: ReadonlyMap<StockLayer, BatchNormState>,
): LinearWeights[] {
  return folds.reduce<LinearWeights[]>(
    (made, { side, norm, place }) => {
      const state = states.get(norm) as BatchNormState;
      return side === "after" ? after(made, state) : before(made, state, place);
    },
    [...stages],
  );
}

function after(stages: readonly LinearWeights[], state: BatchNormState): LinearWeights[] {
  const last = stages.at(-1) as LinearWeights;
  return [...stages.slice(0, -1), { ...last, ...foldAfter(last, state) }];
}

/** What the first kernel makes of the shift goes through those behind it, to the bias of the last. */
function before(
  stages: readonly LinearWeights[],
  state: BatchNormState,
  place: Place,
): LinearWeights[] {
  const [first, ...rest] = stages as [LinearWeights, ...LinearWeights[]];
  const { weights, bias } = foldBefore(within(first, place), state);
  const [next] = rest;
  if (!next) return [{ ...first, weights, bias }];
  return [{ ...first, weights }, ...before(rest, shiftBy(bias), { axis: 0, outer: 1, inner: 1 })];
}

/** A dense layer behind a flattened tensor: the channels are in the middle of its inputs. */
function within(layer: LinearWeights, { outer, inner }: Place): LinearWeights {
  if (layer.kind !== "dense" || outer * inner === 1) return layer;
  const { weights, bias, shape } = layer;
  const [inputs, outputs] = shape as [number, number];
  const split = [outer, inputs / (outer * inner), inner, outputs];
  return {
    kind: "conv",
    weights,
    bias,
    shape: split,
    inputAxis: 1,
    outputAxis: 3,
    padding: "none",
  };
}

/** Batch Normalization that adds a constant to every channel, and nothing else. */
function shiftBy(shift: ArrayLike<number>): BatchNormState {
  const { length } = shift;
  const running = createRunningStatistics(length);
  const arrays = { gamma: null, beta: Float64Array.from(shift), running, renorm: null };
  return stateOf(arrays, length, { ...defaultOptions, ...defaults, name: "shift", epsilon: 0 });
}
