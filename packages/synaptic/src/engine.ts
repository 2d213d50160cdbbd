import { Network, type Optimizer } from "@batchnorm/minibatch";
import { type EnginePart, graphOf, partsOf } from "./engine-graph.ts";
import { GraphMemory } from "./graph-memory.ts";
import type { NetworkLike, Synaptic } from "./host.ts";
import { wiringOf } from "./list-wiring.ts";
import type { Source, WiredLayer, Wiring } from "./wiring.ts";

/** A network of synaptic's as matrices, in float64. Nothing of the two is shared: it is read, and written. */
export class Engine {
  readonly network: Network;
  readonly #wiring: Wiring;
  readonly #parts: readonly EnginePart[];

  private constructor(network: Network, wiring: Wiring, parts: readonly EnginePart[]) {
    this.network = network;
    this.#wiring = wiring;
    this.#parts = parts;
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
      this.network.loadBatchNormState(i + 1, normalized.normalization.state(normalized.name));
      this.network.freeze(i + 1, normalized.normalization.frozen);
    }
  }

  /** Gives them to the host's network. */
  write(): void {
    const memory = new GraphMemory(this.#wiring);
    for (const [i, { sum, normalized }] of this.#parts.entries()) {
      if (sum) this.#writeSum(memory, sum, i + 1);
      if (!normalized?.normalization) continue;
      normalized.normalization.load(this.network.batchNormState(i + 1));
      memory.writeNormalization(normalized);
    }
    memory.finish();
  }

  dispose(): void {
    this.network.dispose();
  }

  #readSum(memory: GraphMemory, layer: WiredLayer, place: number): void {
    for (const [c, { units }] of (layer.sources as Source[]).entries()) {
      const weights = new Float64Array(layer.neurons.length * units);
      memory.readWeights(layer, c, weights);
      this.network.writeWeights(place, c, weights);
    }
    const bias = new Float64Array(layer.neurons.length);
    memory.readBias(layer, bias);
    this.network.writeBias(place, bias);
  }

  #writeSum(memory: GraphMemory, layer: WiredLayer, place: number): void {
    for (const c of layer.sources.keys()) {
      memory.writeWeights(layer, c, this.network.readWeights(place, c));
    }
    memory.writeBias(layer, this.network.readBias(place));
  }
}
