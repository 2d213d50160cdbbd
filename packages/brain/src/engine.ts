import type { BatchNormState } from "@batchnorm/core";
import { foldBatchNorm, Network, type PositionState } from "@batchnorm/minibatch";
import {
  foldedLayers,
  type HostLayer,
  hasLayers,
  readLayers,
  shiftOfFolding,
  writeLayers,
} from "./fold-into-host.ts";
import { type Host, useStockRun } from "./host.ts";
import { type EnginePlan, shiftOf } from "./plan-engine.ts";

/**
 * Up to here folding changes a pre-activation by 1e-6 at most, as one rounding of float32 does: the shift
 * by 2^−24.
 */
const safeShift = 16;

/** From here on, what a stock network loses can be seen: 1e-4 and more. */
const lossyShift = 2000;

/** Where training is, and how many samples it went over. */
export interface Progress {
  readonly position: PositionState;
  readonly samples: number;
}

/** What trains in a network of brain.js's place: its weights as they are without folding. */
export class Engine {
  network: Network;
  /** Null before any training. */
  progress: Progress | null = null;
  /** What was left in brain.js's network last. */
  #left: readonly HostLayer[];
  /** What `network` was made for, as text; null where nobody knows yet. */
  #plan: string | null = null;
  /** The network in float64, with Batch Normalization folded in; made when `run` needs it. */
  #exact: Network | null = null;

  constructor(network: Network, left: readonly HostLayer[], progress: Progress | null = null) {
    this.network = network;
    this.#left = left;
    this.progress = progress;
  }

  /** Takes the weights of brain.js's network as they are; Batch Normalization begins anew. */
  static read(host: Host, { graph, options }: EnginePlan): Engine {
    const network = new Network(graph, options);
    const layers = readLayers(host);
    const shift = shiftOf(graph);
    for (const [i, { weights, bias }] of layers.entries()) {
      const place = i + 1 + shift;
      network.writeWeights(place, 0, weights);
      const { batchNorm } = graph.layers[place - 1] ?? {};
      if (!batchNorm) network.writeBias(place, bias);
      else loadBeta(network, place, bias);
    }
    const engine = new Engine(network, layers);
    engine.#plan = JSON.stringify({ graph, options });
    return engine;
  }

  /** Whether brain.js's network is still what was left there. */
  isIn(host: Host): boolean {
    return hasLayers(host, this.#left);
  }

  /** Whether all of its Batch Normalization is. */
  get isFrozen(): boolean {
    const { network } = this;
    return network.graph.layers.every(({ batchNorm }, i) => !batchNorm || network.isFrozen(i + 1));
  }

  /** Becomes what a network of brain.js needs now; what was learned stays. */
  follow({ graph, options }: EnginePlan): void {
    const plan = JSON.stringify({ graph, options });
    if (plan === this.#plan) return;
    const { network } = this;
    const fresh = new Network(graph, options);
    this.#plan = plan;
    if (!sameAs(fresh, network)) {
      const { layers, steps, slots } = network.toState();
      const begin = fresh.toState();
      // An optimizer of another kind keeps other values, and begins anew.
      const kept = begin.slots.length === slots.length ? { steps, slots } : {};
      this.network = Network.fromState({ ...begin, layers, ...kept });
      network.dispose();
    }
    fresh.dispose();
  }

  /**
   * Folds into brain.js's network, whose `run` and `test` are then its own; but where folding would lose
   * what can be seen, they are computed in float64.
   *
   * @returns whether the stock network itself loses that much.
   */
  write(host: Host): boolean {
    const states = statesOf(this.network);
    this.#left = foldedLayers(this.network, states);
    this.#exact?.dispose();
    this.#exact = null;
    writeLayers(host, this.#left);
    const shift = shiftOfFolding(states);
    useStockRun(host);
    if (shift > safeShift) host.runInput = (input) => this.#runExactly(input);
    return shift > lossyShift;
  }

  #runExactly(input: ArrayLike<number>): Float32Array {
    this.#exact ??= foldBatchNorm(this.network, { type: "float64" });
    return Float32Array.from(this.#exact.predict(Float64Array.from(input), 1));
  }
}

/** The states of the layers with Batch Normalization, by their places, from the first to the last. */
export function statesOf(network: Network): Map<number, BatchNormState> {
  const states = new Map<number, BatchNormState>();
  for (const [i, { batchNorm }] of network.graph.layers.entries()) {
    if (batchNorm) states.set(i + 1, network.batchNormState(i + 1));
  }
  return states;
}

/** beta is the bias of a layer with Batch Normalization. */
function loadBeta(network: Network, place: number, bias: Float32Array): void {
  const state = network.batchNormState(place);
  if (state.beta) network.loadBatchNormState(place, { ...state, beta: Array.from(bias) });
}

const sameAs = (a: Network, b: Network): boolean =>
  JSON.stringify([a.graph, a.options]) === JSON.stringify([b.graph, b.options]);
