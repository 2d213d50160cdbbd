import type { BatchNormState } from "@batchnorm/core";
import { Network, type Optimizer } from "@batchnorm/minibatch";
import { type EnginePart, graphOf, partsOf } from "./engine-graph.ts";
import { GraphMemory } from "./graph-memory.ts";
import type { NetworkLike, Synaptic } from "./host.ts";
import { wiringOf } from "./list-wiring.ts";
import type { WiredLayer, Wiring } from "./wiring.ts";

/** Arrays that the weights of a layer by source, and its biases, pass through. */
interface Numbers {
  readonly weights: readonly Float64Array[];
  readonly bias: Float64Array;
}

/** A network of synaptic's as matrices, in float64. Nothing of the two is shared: it is read, and written. */
export class Engine {
  readonly network: Network;
  readonly #wiring: Wiring;
  readonly #parts: readonly EnginePart[];
  /** What `network` and a part's normalization agree on, where they do: checking a state costs more than all else. */
  readonly #states: (BatchNormState | undefined)[] = [];
  readonly #numbers: readonly Numbers[];

  private constructor(network: Network, wiring: Wiring, parts: readonly EnginePart[]) {
    this.network = network;
    this.#wiring = wiring;
    this.#parts = parts;
    this.#numbers = parts.map(numbersOf);
  }

  /**
   * Makes the matrices, and reads the network into them.
   *
   * @param batchSize - The most samples of a step or of a pass.
   * @throws {BatchNormError} as `wiringOf`; `ERR_BATCHNORM_NON_FINITE` for weights that are NaN.
   */
  static of(
    synaptic: Synaptic,
    like: NetworkLike,
    batchSize: number,
    optimizer?: Optimizer,
  ): Engine {
    const wiring = wiringOf(synaptic, like);
    const parts = partsOf(synaptic, wiring);
    const graph = graphOf(synaptic, wiring, parts);
    // What synaptic's own rule, target − activation, is the gradient of.
    const loss = graph.layers.at(-1)?.activation === "sigmoid" ? "cross-entropy" : "squared-error";
    const network = new Network(graph, { type: "float64", batchSize, optimizer, loss });
    try {
      const engine = new Engine(network, wiring, parts);
      engine.read();
      return engine;
    } catch (error) {
      network.dispose();
      throw error;
    }
  }

  /** The host's network, as connected as when it was read. */
  get wiring(): Wiring {
    return this.#wiring;
  }

  /** Takes weights, biases and states from the host's network. */
  read(): void {
    const memory = new GraphMemory(this.#wiring);
    for (const [i, { sum, normalized }] of this.#parts.entries()) {
      if (sum) this.#readSum(memory, sum, i + 1);
      if (!normalized?.normalization) continue;
      const { current, frozen } = normalized.normalization;
      if (this.#states[i] !== current) this.network.loadBatchNormState(i + 1, current);
      this.#states[i] = current;
      this.network.freeze(i + 1, frozen);
    }
  }

  /** Gives them to the host's network. */
  write(): void {
    const memory = new GraphMemory(this.#wiring);
    for (const [i, { sum, normalized }] of this.#parts.entries()) {
      if (sum) this.#writeSum(memory, sum, i + 1);
      if (!normalized?.normalization) continue;
      const state = this.network.batchNormState(i + 1);
      normalized.normalization.follow(state);
      this.#states[i] = state;
      memory.writeNormalization(normalized);
    }
    memory.finish();
  }

  dispose(): void {
    this.network.dispose();
  }

  #readSum(memory: GraphMemory, layer: WiredLayer, place: number): void {
    const { weights, bias } = this.#numbers[place - 1] as Numbers;
    for (const [c, matrix] of weights.entries()) {
      memory.readWeights(layer, c, matrix);
      this.network.writeWeights(place, c, matrix);
    }
    memory.readBias(layer, bias);
    this.network.writeBias(place, bias);
  }

  #writeSum(memory: GraphMemory, layer: WiredLayer, place: number): void {
    const { weights, bias } = this.#numbers[place - 1] as Numbers;
    for (const [c, matrix] of weights.entries()) {
      memory.writeWeights(layer, c, this.network.readWeights(place, c, matrix));
    }
    memory.writeBias(layer, this.network.readBias(place, bias));
  }
}

function numbersOf({ sum }: EnginePart): Numbers {
  const { neurons, sources } = sum ?? { neurons: [], sources: [] };
  return {
    weights: sources.map(({ units }) => new Float64Array(neurons.length * units)),
    bias: new Float64Array(neurons.length),
  };
}
