import { refuse } from "@batchnorm/core";
import type { BatchNormLayer } from "./batch-norm-layer.ts";
import { controls, outcomes } from "./controls.ts";
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
  readonly #counters: number;
  readonly #indices: number;

  constructor(executor: Executor, norms: readonly BatchNormLayer[]) {
    this.#executor = executor;
    this.#norms = norms;
    this.#plan = executor.plan;
    this.#controls = executor.plan.controls / 8;
    this.#counters = executor.plan.counters / 8;
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

  /** As `Network.step`. */
  step(data: Dataset, indices: Uint32Array, from: number, count: number, rate: number): number {
    const executor = this.#executor;
    const norms = this.#norms;
    const { block } = executor;
    if (data.plan !== this.#plan) refuseDataset(data);
    const samples = data.block;
    this.#take(indices, from, count, data.count);
    if (!(rate >= 0 && rate < Infinity)) {
      refuse("ERR_BATCHNORM_OPTION", "rate must be a finite number ≥ 0", rate);
    }
    for (let i = 0; i < norms.length; i++) {
      (norms[i] as BatchNormLayer).requireTrainable(block, count);
    }
    const { doubles } = block;
    this.#setRate(doubles, rate);
    for (let i = 0; i < norms.length; i++) (norms[i] as BatchNormLayer).beginStep(doubles);

    const loss = executor.step(samples, data.targets, count);
    const outcome = doubles[this.#controls + controls.outcome];
    if (outcome === outcomes.refused) this.#refuse(count);
    if (outcome === outcomes.diverged) return loss;
    for (let i = 0; i < norms.length; i++) (norms[i] as BatchNormLayer).endStep(doubles, count);
    if (outcome !== outcomes.propagated) {
      doubles[this.#counters] = (doubles[this.#counters] as number) + 1;
    }
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

  /** Adam's corrections for the moments' start at 0 are made here, once. */
  #setRate(doubles: Float64Array, rate: number): void {
    const { optimizer } = this.#plan.options;
    const at = this.#controls;
    if (optimizer.kind === "sgd") {
      doubles[at + controls.rate] = rate;
      return;
    }
    const t = (doubles[this.#counters] as number) + 1;
    doubles[at + controls.rate] = rate / (1 - optimizer.beta1 ** t);
    doubles[at + controls.secondScale] = 1 / (1 - optimizer.beta2 ** t);
  }

  #refuse(count: number): never {
    for (const norm of this.#norms) norm.refuseBatch(this.#executor.block, count);
    throw new Error("a refused batch must have a layer that refuses it");
  }
}

function refuseDataset(data: Dataset): never {
  refuse("ERR_BATCHNORM_OPTION", "data must have been loaded by this network", data);
}
