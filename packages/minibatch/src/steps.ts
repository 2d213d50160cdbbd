import { refuse } from "@batchnorm/core";
import type { BatchNormLayer } from "./batch-norm-layer.ts";
import { controls, outcomes } from "./controls.ts";
import type { Course } from "./course.ts";
import type { Dataset } from "./dataset.ts";
import type { Executor } from "./executor.ts";
import type { Plan } from "./plan.ts";
import { requireStepped } from "./samples.ts";

/** Makes training steps. What one needs is kept, so that none allocates. */
export class Steps {
  readonly #executor: Executor;
  readonly #norms: readonly BatchNormLayer[];
  readonly #plan: Plan;
  /** Places of numbers in the block. */
  readonly #controls: number;
  readonly #indices: number;

  constructor(executor: Executor, norms: readonly BatchNormLayer[]) {
    this.#executor = executor;
    this.#norms = norms;
    this.#plan = executor.plan;
    this.#controls = executor.plan.controls / 8;
    this.#indices = executor.plan.indices / 4;
  }

  /** Tells the executor what of the optimizer does not change. */
  initialize(): void {
    const { optimizer } = this.#plan.options;
    const { doubles } = this.#executor.block;
    const at = this.#controls;
    if (optimizer.kind === "sgd") {
      doubles[at + controls.momentum] = optimizer.momentum;
    } else {
      doubles[at + controls.beta1] = optimizer.beta1;
      doubles[at + controls.beta2] = optimizer.beta2;
      doubles[at + controls.epsilon] = optimizer.epsilon;
    }
  }

  /** The fewest samples of one: 2 where Batch Normalization takes their statistics, and refuses one alone. */
  get leastSamples(): 1 | 2 {
    const { block } = this.#executor;
    return this.#norms.some((norm) => norm.refusesOne(block)) ? 2 : 1;
  }

  /** Whether {@link run} can be called. */
  get runs(): boolean {
    return this.#executor.run !== undefined;
  }

  /**
   * As `Network.step`.
   *
   * @param tellsSquares - Whether the squared error is told, whatever loss is made small.
   */
  step(
    data: Dataset,
    indices: Uint32Array,
    from: number,
    count: number,
    rate: number,
    tellsSquares: boolean,
  ): number {
    if (data.plan !== this.#plan) refuseDataset(data);
    this.#take(indices, from, count, data.count);
    this.#prepare(count, rate, tellsSquares);
    return this.#end(this.#executor.step(data, count), count);
  }

  /**
   * Steps along a course that has been written, as far as it goes.
   *
   * @returns the last one's loss; where it is not finite, that step ended the run and is no part of it.
   * @throws {BatchNormError} as `step`.
   */
  run({ data, batches }: Course, rate: number, tellsSquares: boolean): number {
    this.#prepare(Math.floor(data.count / batches.count), rate, tellsSquares);
    return this.#end(this.#executor.run?.(data) as number, batches.largest);
  }

  /** What no step may begin without: `count` is the least there is. */
  #prepare(count: number, rate: number, tellsSquares: boolean): void {
    const { block } = this.#executor;
    const norms = this.#norms;
    if (!(rate >= 0 && rate < Infinity)) {
      refuse("ERR_BATCHNORM_OPTION", "rate must be a finite number ≥ 0", rate);
    }
    for (let i = 0; i < norms.length; i++) {
      (norms[i] as BatchNormLayer).requireTrainable(block, count);
    }
    block.doubles[this.#controls + controls.rate] = rate;
    block.doubles[this.#controls + controls.tellsSquares] = tellsSquares ? 1 : 0;
  }

  #end(loss: number, count: number): number {
    const { doubles } = this.#executor.block;
    // Gradients are asked for with the loss itself.
    doubles[this.#controls + controls.tellsSquares] = 0;
    const outcome = doubles[this.#controls + controls.outcome];
    if (outcome === outcomes.refused) this.#refuse(count);
    return loss;
  }

  /** Copies the samples' indices to where the executor reads them. */
  #take(indices: Uint32Array, from: number, count: number, samples: number): void {
    requireStepped(this.#plan, count);
    if (!(Number.isInteger(from) && from >= 0 && from + count <= indices.length)) {
      const rule = `from must leave ${count} of ${indices.length} indices`;
      refuse("ERR_BATCHNORM_SHAPE", rule, from);
    }
    const { words } = this.#executor.block;
    const at = this.#indices;
    for (let i = 0; i < count; i++) {
      const index = indices[from + i] as number;
      if (index >= samples) {
        const rule = `indices[${from + i}] must be one of ${samples} samples`;
        refuse("ERR_BATCHNORM_SHAPE", rule, index);
      }
      words[at + i] = index;
    }
  }

  #refuse(count: number): never {
    for (const norm of this.#norms) norm.refuseBatch(this.#executor.block, count);
    throw new Error("a refused batch must have a layer that refuses it");
  }
}

function refuseDataset(data: Dataset): never {
  refuse("ERR_BATCHNORM_OPTION", "data must have been loaded by this network", data);
}
