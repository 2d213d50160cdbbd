import {
  type BatchNormState,
  type FloatArray,
  type Moments,
  optionsOfState,
  parseStateFor,
  planPass,
  type ResolvedOptions,
  stateOf,
  updateRunning,
} from "@batchnorm/core";
import type { Block } from "./block.ts";
import { layerControls, policies, starts } from "./controls.ts";
import { counterOf, type Plan, type PlannedBatchNorm } from "./plan.ts";

/** Batch Normalization of one layer: what of it is not done in passes. Its numbers lie in the block. */
export class BatchNormLayer {
  readonly units: number;
  readonly #plan: Plan;
  readonly #at: PlannedBatchNorm;
  /** Places of float64 numbers in the block. */
  readonly #counters: number;
  readonly #controls: number;
  #options: ResolvedOptions;

  constructor(plan: Plan, units: number, at: PlannedBatchNorm, options: ResolvedOptions) {
    this.units = units;
    this.#plan = plan;
    this.#at = at;
    this.#counters = counterOf(plan, at.index, 0) / 8;
    this.#controls = at.controls / 8;
    this.#options = options;
  }

  get options(): ResolvedOptions {
    return this.#options;
  }

  /** Writes what it is before anything was learned. */
  initialize(block: Block): void {
    const { gamma, variance } = this.#at;
    fill(block.values, gamma / this.#plan.grain.size, this.units, 1);
    fill(block.doubles, variance / 8, this.units, 1);
    this.#control(block);
    this.freeze(block, !this.#options.trainable);
  }

  freeze({ doubles }: Block, frozen: boolean): void {
    doubles[this.#controls + layerControls.frozen] = frozen ? 1 : 0;
  }

  isFrozen({ doubles }: Block): boolean {
    return doubles[this.#controls + layerControls.frozen] === 1;
  }

  /** Whether it cannot train on a batch of one sample. */
  refusesOne(block: Block): boolean {
    return this.#options.onSingleValue === "throw" && !this.isFrozen(block);
  }

  /** @throws {BatchNormError} as core's planPass, for batches that it cannot train on. */
  requireTrainable(block: Block, count: number): void {
    // Asked at every step, and nearly always in vain.
    if (count > 1 && this.#options.epsilon > 0) return;
    planPass(this.#options, { training: true, trainable: !this.isFrozen(block) }, count);
  }

  /**
   * Refuses the last batch if its statistics are not finite and the policy says so.
   *
   * @throws {BatchNormError} `ERR_BATCHNORM_NON_FINITE`, as core does.
   */
  refuseBatch(block: Block, count: number): void {
    const { doubles } = block;
    if (doubles[this.#controls + layerControls.nonFinite] !== 1 || this.isFrozen(block)) return;
    const moments: Moments = {
      count,
      mean: this.#doubles(block, this.#at.batchMean),
      meanLow: new Float64Array(this.units),
      m2: this.#doubles(block, this.#at.batchM2),
    };
    updateRunning(this.#statistics(block), moments, this.#options);
  }

  state(block: Block): BatchNormState {
    const { gamma, beta, learnsGamma, learnsBeta } = this.#at;
    const arrays = {
      gamma: learnsGamma ? this.#values(block, gamma) : null,
      beta: learnsBeta ? this.#values(block, beta) : null,
      running: this.#statistics(block),
      renorm: null,
    };
    return stateOf(arrays, this.units, this.#options);
  }

  /** @throws {BatchNormError} `ERR_BATCHNORM_STATE` where it does not fit. */
  parse(value: unknown): BatchNormState {
    const { learnsGamma, learnsBeta } = this.#at;
    return parseStateFor(
      {
        name: this.#options.name,
        channels: this.units,
        gamma: learnsGamma || null,
        beta: learnsBeta || null,
        running: true,
        renorm: null,
      },
      value,
    );
  }

  /** Takes a state over that {@link parse} has found to fit. */
  load(block: Block, state: BatchNormState): void {
    const { doubles, values } = block;
    const { gamma, beta, mean, variance } = this.#at;
    const { size } = this.#plan.grain;
    if (state.gamma) values.set(state.gamma, gamma / size);
    if (state.beta) values.set(state.beta, beta / size);
    doubles.set(state.runningMean ?? [], mean / 8);
    doubles.set(state.runningVariance ?? [], variance / 8);
    doubles[this.#counters] = state.updates;
    doubles[this.#counters + 1] = state.weight;
    doubles[this.#counters + 2] = state.valuesPerChannel ?? 0;
    this.#options = { ...this.#options, ...optionsOfState(state), name: this.#options.name };
    this.#control(block);
  }

  /** Tells the executor the options. */
  #control({ doubles }: Block): void {
    const { epsilon, momentum, start, varianceEstimator, onNonFinite } = this.#options;
    const at = this.#controls;
    const cumulative = momentum === "cumulative";
    doubles[at + layerControls.epsilon] = epsilon;
    doubles[at + layerControls.momentum] = cumulative ? 0 : momentum;
    doubles[at + layerControls.start] = starts.indexOf(cumulative ? momentum : start);
    doubles[at + layerControls.unbiased] = varianceEstimator === "unbiased" ? 1 : 0;
    doubles[at + layerControls.onNonFinite] = policies.indexOf(onNonFinite);
  }

  /** A copy. */
  #statistics(block: Block) {
    const { mean, variance } = this.#at;
    const { doubles } = block;
    return {
      mean: this.#doubles(block, mean),
      variance: this.#doubles(block, variance),
      updates: doubles[this.#counters] as number,
      weight: doubles[this.#counters + 1] as number,
      valuesPerChannel: doubles[this.#counters + 2] || null,
    };
  }

  #doubles({ doubles }: Block, offset: number): Float64Array {
    return doubles.slice(offset / 8, offset / 8 + this.units);
  }

  #values({ values }: Block, offset: number): Float64Array {
    const at = offset / this.#plan.grain.size;
    return new Float64Array(values.subarray(at, at + this.units));
  }
}

function fill(array: FloatArray, at: number, length: number, value: number): void {
  array.fill(value, at, at + length);
}

/** Those of a network that have it, by their places. */
export function batchNormLayers(plan: Plan): Map<number, BatchNormLayer> {
  const layers = new Map<number, BatchNormLayer>();
  for (const { place, units, batchNorm } of plan.layers) {
    const options = plan.graph.layers[place - 1]?.batchNorm;
    if (batchNorm && options)
      layers.set(place, new BatchNormLayer(plan, units, batchNorm, options));
  }
  return layers;
}
