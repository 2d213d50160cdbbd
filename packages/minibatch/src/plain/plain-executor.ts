import { type Block, plainBlock } from "../block.ts";
import { controls, layerControls, outcomes, policies } from "../controls.ts";
import type { DataAt, Executor } from "../executor.ts";
import {
  counterOf,
  gradientOf,
  type Plan,
  type PlannedConnection,
  type PlannedLayer,
  type PlannedPlace,
} from "../plan.ts";
import { activate, slope } from "./activations.ts";
import { enter, measure, normalize, prepare, propagate } from "./batch-norm.ts";
import { crossEntropy, squaredError } from "./losses.ts";
import { multiply } from "./products.ts";
import { update } from "./update.ts";

/** A value's or a number's place in the array. */
const at = (offset: number): number => offset / 8;

/**
 * The executor in TypeScript, for where WebAssembly cannot run.
 *
 * It keeps float64 whatever the network's type is: an engine compiles a loop that meets both types to
 * code up to three times slower.
 */
export class PlainExecutor implements Executor {
  readonly backend = "core";
  readonly plan: Plan;
  readonly block: Block;
  readonly #v: Float64Array;

  /** @param plan - In grains of single float64 values. */
  constructor(plan: Plan) {
    this.plan = plan;
    this.block = plainBlock(plan.bytes);
    this.#v = this.block.doubles;
  }

  allocate(bytes: number): Block {
    return plainBlock(bytes);
  }

  step({ block, targets }: DataAt, count: number): number {
    const { plan } = this;
    const v = this.#v;
    this.#gather(block.doubles, at(targets), count);
    const control = at(plan.controls);
    v[control + controls.outcome] = outcomes.done;
    if (!this.#forward(count, true, 0, true)) {
      v[control + controls.outcome] = outcomes.refused;
      return Number.NaN;
    }
    const loss = this.#loss(count);
    if (!this.#enter(count, Number.isFinite(loss))) return loss;
    const steps = at(plan.counters);
    v[steps] = (v[steps] as number) + 1;
    this.#backward(count, false, true);
    return loss;
  }

  infer(count: number, stop: number): void {
    this.#forward(count, false, stop, false);
  }

  differentiate(count: number, upstream: boolean): number {
    this.#forward(count, true, 0, false);
    const loss = upstream ? Number.NaN : this.#loss(count);
    this.#backward(count, upstream, false);
    return loss;
  }

  #gather(data: Float64Array, targets: number, count: number): void {
    const v = this.#v;
    const { words } = this.block;
    const { indices, places, layers } = this.plan;
    const inputs = (places[0] as PlannedPlace).units;
    const outputs = (layers.at(-1) as PlannedLayer).units;
    const rows = at((places[0] as PlannedPlace).transposed);
    const columns = at(this.plan.targets);
    for (let b = 0; b < count; b++) {
      const sample = words[indices / 4 + b] as number;
      for (let i = 0; i < inputs; i++)
        v[rows + b * inputs + i] = data[sample * inputs + i] as number;
      const from = targets + sample * outputs;
      for (let o = 0; o < outputs; o++) v[columns + o * count + b] = data[from + o] as number;
    }
  }

  /** False when a layer that trains refuses its batch. */
  #forward(count: number, training: boolean, stop: number, policed: boolean): boolean {
    const input = this.plan.places[0] as PlannedPlace;
    transpose(this.#v, at(input.transposed), at(input.activations), count, input.units);
    for (const layer of this.plan.layers) {
      const ends = layer.place === stop;
      if (!this.#forwardLayer(layer, count, training, ends, policed)) return false;
      if (ends) return true;
      if (training) {
        transpose(this.#v, at(layer.activations), at(layer.transposed), layer.units, count);
      }
    }
    return true;
  }

  #forwardLayer(
    layer: PlannedLayer,
    count: number,
    training: boolean,
    stops: boolean,
    policed: boolean,
  ): boolean {
    const v = this.#v;
    const { units, batchNorm, source, activations, activation, leak } = layer;
    this.#sum(layer, count);
    if (stops) return true;
    let from = source;
    if (batchNorm) {
      const control = at(batchNorm.controls);
      const byBatch = training && v[control + layerControls.frozen] === 0;
      if (byBatch) {
        const finite = measure(v, batchNorm, source, units, count);
        v[control + layerControls.nonFinite] = finite ? 0 : 1;
        const throws = v[control + layerControls.onNonFinite] === policies.indexOf("throw");
        if (policed && throws && !finite) return false;
      }
      prepare(v, batchNorm, units, count, byBatch);
      normalize(v, batchNorm, source, activations, units, count);
      from = activations;
    }
    activate(v, activation, leak, at(from), at(activations), units * count);
    return true;
  }

  /** The sum over all connections, and the bias. */
  #sum(layer: PlannedLayer, count: number): void {
    const v = this.#v;
    const { connections, source, sums, units, bias } = layer;
    if (source !== sums) return;
    const to = at(sums);
    for (let unit = 0; unit < units; unit++) {
      const start = bias ? (v[at(bias) + unit] as number) : 0;
      v.fill(start, to + unit * count, to + (unit + 1) * count);
    }
    for (const { kind, from, weights } of connections) {
      const place = this.plan.places[from] as PlannedPlace;
      const a = at(place.activations);
      if (kind === "identity") add(v, a, to, units * count);
      else {
        const width = place.units;
        multiply(v, at(weights), width, 1, a, count, to, count, units, count, width, true);
      }
    }
  }

  #loss(count: number): number {
    const { plan } = this;
    const last = plan.layers.at(-1) as PlannedLayer;
    const [a, g] = [at(last.activations), at(last.gradient)];
    // The two have one gradient.
    const tellsSquares = this.#v[at(plan.controls) + controls.tellsSquares] === 1;
    const entropy = plan.options.loss === "cross-entropy" && !tellsSquares;
    const loss = entropy ? crossEntropy : squaredError;
    return loss(this.#v, a, at(plan.targets), g, last.units * count, count);
  }

  /** Lets the batch enter the running statistics; false when nothing is to be learned of it. */
  #enter(count: number, finite: boolean): boolean {
    const v = this.#v;
    const { plan } = this;
    const norms = plan.layers.filter(
      ({ batchNorm }) => batchNorm && v[at(batchNorm.controls) + layerControls.frozen] === 0,
    );
    let propagates = false;
    let skips = false;
    for (const { batchNorm } of norms) {
      const control = at(batchNorm?.controls as number);
      if (v[control + layerControls.nonFinite] === 0) continue;
      const policy = policies[v[control + layerControls.onNonFinite] as number];
      propagates ||= policy === "propagate";
      skips ||= policy === "skip";
    }
    const outcome = at(plan.controls) + controls.outcome;
    v[outcome] = skips ? outcomes.skipped : outcomes.done;
    if (!finite) v[outcome] = propagates ? outcomes.propagated : outcomes.diverged;
    if (!finite && !propagates) return false;
    for (const { batchNorm, units } of norms) {
      if (!batchNorm) continue;
      const control = at(batchNorm.controls);
      const skipped =
        v[control + layerControls.nonFinite] === 1 &&
        v[control + layerControls.onNonFinite] === policies.indexOf("skip");
      const counters = counterOf(plan, batchNorm.index, 0);
      if (!skipped) enter(v, batchNorm, counters, units, count);
    }
    return finite;
  }

  #backward(count: number, upstream: boolean, learns: boolean): void {
    const v = this.#v;
    const { plan } = this;
    const fused = plan.options.loss === "cross-entropy" && !upstream;
    for (let l = plan.layers.length - 1; l >= 0; l--) {
      const layer = plan.layers[l] as PlannedLayer;
      const { units, activation, leak, activations, gradient, batchNorm, bias } = layer;
      if (!fused || l < plan.layers.length - 1) {
        slope(v, activation, leak, at(activations), at(gradient), units * count);
      }
      if (batchNorm) {
        const [dgamma, dbeta] = [batchNorm.gamma, batchNorm.beta].map((p) => gradientOf(plan, p));
        const byBatch = v[at(batchNorm.controls) + layerControls.frozen] === 0;
        const [to, of] = [dgamma as number, dbeta as number];
        propagate(v, batchNorm, gradient, to, of, units, count, byBatch);
      }
      if (bias) sumRows(v, at(gradient), at(gradientOf(plan, bias)), units, count);
      for (const connection of layer.connections) {
        this.#backwardConnection(layer, connection, count, !learns);
      }
      if (learns) this.#learn(layer);
    }
  }

  #backwardConnection(
    layer: PlannedLayer,
    { kind, from, weights, mask, setsGradient }: PlannedConnection,
    count: number,
    toInput: boolean,
  ): void {
    const v = this.#v;
    const place = this.plan.places[from] as PlannedPlace;
    const [g, to, { units }] = [at(layer.gradient), at(place.gradient), layer];
    const reaches = from > 0 || toInput;
    if (kind === "identity") {
      if (reaches && setsGradient) v.copyWithin(to, g, g + units * count);
      else if (reaches) add(v, g, to, units * count);
      return;
    }
    const width = place.units;
    const add_ = !setsGradient;
    if (reaches) {
      multiply(v, at(weights), 1, width, g, count, to, count, width, count, units, add_);
    }
    const dw = at(gradientOf(this.plan, weights));
    multiply(v, g, count, 1, at(place.transposed), width, dw, width, units, width, count, false);
    if (!mask) return;
    for (let i = 0; i < units * width; i++) if (v[at(mask) + i] === 0) v[dw + i] = 0;
  }

  #learn({ connections, units, bias, batchNorm }: PlannedLayer): void {
    for (const { kind, from, weights } of connections) {
      const { units: width } = this.plan.places[from] as PlannedPlace;
      if (kind === "dense") this.#update(weights, units * width);
    }
    if (bias) this.#update(bias, units);
    if (!batchNorm || this.#v[at(batchNorm.controls) + layerControls.frozen] === 1) return;
    if (batchNorm.learnsGamma) this.#update(batchNorm.gamma, units);
    if (batchNorm.learnsBeta) this.#update(batchNorm.beta, units);
  }

  #update(parameter: number, length: number): void {
    const { parameterBytes, slots, options, controls: control, counters } = this.plan;
    const { kind } = options.optimizer;
    const step = this.#v[at(counters)] as number;
    update(this.#v, kind, slots, at(parameter), at(parameterBytes), at(control), step, length);
  }
}

/** `to += from`. */
function add(v: Float64Array, from: number, to: number, length: number): void {
  for (let i = 0; i < length; i++) v[to + i] = (v[to + i] as number) + (v[from + i] as number);
}

function sumRows(v: Float64Array, from: number, to: number, rows: number, columns: number): void {
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let i = 0; i < columns; i++) sum += v[from + row * columns + i] as number;
    v[to + row] = sum;
  }
}

/** [rows, columns] to [columns, rows]. */
function transpose(v: Float64Array, from: number, to: number, rows: number, columns: number): void {
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < columns; i++)
      v[to + i * rows + row] = v[from + row * columns + i] as number;
  }
}
