import type { Activation } from "../graph.ts";
import type { ResolvedOptimizer } from "../optimizer.ts";
import {
  counterOf,
  type Plan,
  type PlannedConnection,
  type PlannedLayer,
  type PlannedPlace,
} from "../plan.ts";
import { connectionBytes, layerBytes, netAt, placesAt } from "../record-sizes.ts";

// assembly/records.ts is the other side: the same fields in the same order.

/** By their numbers in assembly/activations.ts. */
const activations: readonly Activation[] = [
  "identity",
  "sigmoid",
  "tanh",
  "relu",
  "leaky-relu",
  "step",
];

/** Describes a network in its own memory, from which its WebAssembly reads where all the rest is. */
export class Records {
  readonly #plan: Plan;
  readonly #base: number;
  readonly #words: Uint32Array;
  readonly #doubles: Float64Array;

  /** @param base - The block's own offset; views are of the block. */
  constructor(plan: Plan, base: number, words: Uint32Array, doubles: Float64Array) {
    this.#plan = plan;
    this.#base = base;
    this.#words = words;
    this.#doubles = doubles;
  }

  write(): void {
    const { layers, places, records } = this.#plan;
    const at = (place: number): number => records + placesAt + place * layerBytes;
    this.#writeWords(at(0), this.#placeFields(places[0] as PlannedPlace));
    let connection = at(places.length);
    for (const layer of layers) {
      const fields = this.#layerFields(layer, this.#pointer(connection));
      this.#writeWords(at(layer.place), fields);
      this.#doubles[Math.ceil((at(layer.place) + fields.length * 4) / 8)] = layer.leak;
      for (const one of layer.connections) {
        this.#writeWords(connection, this.#connectionFields(one, this.#pointer(at(one.from))));
        connection += connectionBytes;
      }
    }
    this.#writeWords(records + netAt, this.#netFields(this.#pointer(at(0)), this.#pointer(at(1))));
  }

  #netFields(input: number, layers: number): number[] {
    const { targets, indices, controls, counters, parameterBytes, slots, options } = this.#plan;
    return [
      layers,
      this.#plan.layers.length,
      input,
      this.#pointer(targets),
      this.#pointer(indices),
      this.#pointer(controls),
      parameterBytes,
      (slots + 1) * parameterBytes,
      optimizerOf(options.optimizer),
      options.loss === "cross-entropy" ? 1 : 0,
      this.#pointer(counters),
    ];
  }

  #placeFields(place: PlannedPlace): number[] {
    return [
      place.units,
      this.#pointer(place.activations),
      this.#pointer(place.transposed),
      place.transposedRow,
      this.#pointer(place.gradient),
    ];
  }

  #layerFields(layer: PlannedLayer, connections: number): number[] {
    const { batchNorm } = layer;
    const pointers = (...offsets: (number | null | undefined)[]): number[] =>
      offsets.map((offset) => this.#pointer(offset ?? 0));
    return [
      ...this.#placeFields(layer),
      connections,
      layer.connections.length,
      ...pointers(layer.sums, layer.source, layer.bias),
      activations.indexOf(layer.activation),
      ...pointers(batchNorm?.normalized, batchNorm?.gamma, batchNorm?.beta),
      batchNorm?.learnsGamma ? 1 : 0,
      batchNorm?.learnsBeta ? 1 : 0,
      ...pointers(batchNorm?.mean, batchNorm?.variance),
      ...pointers(batchNorm?.batchMean, batchNorm?.batchM2),
      ...pointers(batchNorm?.center, batchNorm?.centerLow, batchNorm?.scale),
      ...pointers(batchNorm?.controls, batchNorm && counterOf(this.#plan, batchNorm.index, 0)),
    ];
  }

  #connectionFields(connection: PlannedConnection, from: number): number[] {
    return [
      from,
      connection.kind === "identity" ? 1 : 0,
      this.#pointer(connection.weights),
      connection.row,
      this.#pointer(connection.mask),
      connection.setsGradient ? 1 : 0,
    ];
  }

  #writeWords(offset: number, values: readonly number[]): void {
    this.#words.set(values, offset / 4);
  }

  #pointer(offset: number): number {
    return offset && this.#base + offset;
  }
}

/** As assembly/records.ts numbers them. */
function optimizerOf(optimizer: ResolvedOptimizer): number {
  if (optimizer.kind === "adam") return 2;
  return optimizer.momentum > 0 ? 1 : 0;
}
