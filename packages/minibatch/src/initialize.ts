import { refuse } from "@batchnorm/core";
import type { Network } from "./network.ts";
import { Random } from "./random.ts";
import { type ResolvedConnection, type ResolvedLayer, resolveGraph } from "./resolved-graph.ts";

/**
 * Where weights begin:
 *
 * - uniform: weights and biases in (−limit, limit). brain.js has 0.2, synaptic 0.1, at which three
 *   sigmoid layers without Batch Normalization never begin to learn;
 * - glorot: weights in (−l, l) with `l = √(6 / (fanIn + fanOut))`, biases 0: keeps the variance of
 *   activations and gradients from layer to layer, for sigmoid and tanh;
 * - he: weights in (−l, l) with `l = √(6 / fanIn)`, biases 0: the same for relu.
 *
 * fanIn counts the weights that a unit has, all its connections together; fanOut those that a connection
 * has of each source unit; both as means, where a mask leaves some out.
 *
 * @see Glorot & Bengio 2010, eq. 16; He et al. 2015, eq. 10, as a uniform distribution of that variance
 */
export type Initialization =
  | { readonly kind: "uniform"; readonly limit: number }
  | { readonly kind: "glorot" }
  | { readonly kind: "he" };

/**
 * Draws all weights and biases of a network. Gamma, beta, running statistics and what the optimizer
 * keeps stay as they are.
 *
 * @param seed - An integer in [0, 2^53): the same one gives the same network.
 * @throws {BatchNormError} `ERR_BATCHNORM_OPTION`; nothing is written then.
 */
export function initialize(network: Network, how: Initialization, seed: number): void {
  requireInitialization(how);
  const random = new Random(seed);
  const within = (limit: number): number => limit * (2 * random.uniform() - 1);
  for (const [i, layer] of resolveGraph(network.graph).layers.entries()) {
    for (const [c, connection] of layer.connections.entries()) {
      if (connection.kind === "identity") continue;
      const limit = limitOf(how, layer, connection);
      const length = layer.units * connection.sourceUnits;
      // The network itself leaves out what a mask does; drawn all the same, so that it changes no other weight.
      network.writeWeights(
        i + 1,
        c,
        Float64Array.from({ length }, () => within(limit)),
      );
    }
    if (!layer.bias) continue;
    const draw = how.kind === "uniform" ? () => within(how.limit) : () => 0;
    network.writeBias(i + 1, Float64Array.from({ length: layer.units }, draw));
  }
}

function limitOf(
  how: Initialization,
  { units, connections }: ResolvedLayer,
  connection: ResolvedConnection,
): number {
  if (how.kind === "uniform") return how.limit;
  const fanIn = connections.reduce((sum, one) => sum + weightsOf(one, units), 0) / units;
  const fanOut = how.kind === "he" ? 0 : weightsOf(connection, units) / connection.sourceUnits;
  return Math.sqrt(6 / Math.max(1, fanIn + fanOut));
}

/** How many weights a connection has. */
function weightsOf({ kind, mask, sourceUnits }: ResolvedConnection, units: number): number {
  if (kind === "identity") return 0;
  return mask ? mask.reduce((sum, exists) => sum + exists, 0) : units * sourceUnits;
}

function requireInitialization(how: Initialization): void {
  const kinds = ["uniform", "glorot", "he"];
  if (!kinds.includes(how?.kind)) {
    refuse("ERR_BATCHNORM_OPTION", `an initialization must be ${kinds.join(", ")}`, how?.kind);
  }
  if (how.kind === "uniform" && !(Number.isFinite(how.limit) && how.limit >= 0)) {
    refuse("ERR_BATCHNORM_OPTION", "limit must be a finite number ≥ 0", how.limit);
  }
}
