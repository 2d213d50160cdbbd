import { refuse } from "@batchnorm/core";
import type { Activation, Graph, Layer, NetworkOptions, Optimizer } from "@batchnorm/minibatch";
import { type Host, isVersion1 } from "./host.ts";
import type { Settings } from "./settings.ts";

/** Room for so many samples is made at most, but where a batch has more: a set may be far below batchSize. */
const usual = 1024;

/** What the engine has to be for a network of brain.js. */
export interface EnginePlan {
  readonly graph: Graph;
  readonly options: NetworkOptions;
}

/**
 * The engine's graph of a network that has its sizes: Batch Normalization of the inputs is a layer of its
 * own before the first, and brain.js activates its outputs as it does its hidden layers.
 *
 * @param room - Samples of the largest batch.
 * @throws {BatchNormError} `ERR_BATCHNORM_OPTION` where `hidden` does not fit; as {@link activationOf}.
 */
export function planEngine(host: Host, settings: Settings, room: number): EnginePlan {
  const [inputs = 0, ...units] = host.sizes ?? [];
  const { activation, leak } = activationOf(host);
  const norms = settings.hidden(units.length - 1);
  const layers = units.map(
    (units, i): Layer => ({ units, activation, leak, batchNorm: norms[i] ?? false }),
  );
  const scaled: Layer[] = settings.input
    ? [{ units: inputs, connections: [{ from: 0, kind: "identity" }], batchNorm: settings.input }]
    : [];
  return {
    graph: { inputs, layers: [...scaled, ...layers] },
    options: {
      type: settings.type,
      batchSize: Math.max(room, Math.min(settings.batchSize, usual)),
      optimizer: optimizerOf(host),
    },
  };
}

/** How many layers of the engine stand before brain.js's layer 1. */
export const shiftOf = ({ layers }: Graph): number =>
  layers[0]?.connections?.[0]?.kind === "identity" ? 1 : 0;

/** @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` for leaky-relu in 1.6.1. */
export function activationOf(host: Host): { activation: Activation; leak: number } {
  const { trainOpts } = host;
  const activation = (isVersion1(host) ? host.activation : trainOpts.activation) as Activation;
  requireActivation(host, activation);
  return { activation, leak: trainOpts.leakyReluAlpha ?? host.leakyReluAlpha ?? 0.01 };
}

/** @throws {BatchNormError} as {@link activationOf}. */
export function requireActivation(host: Host, activation: unknown): void {
  if (!isVersion1(host) || activation !== "leaky-relu") return;
  const rule =
    "activation must be sigmoid, relu or tanh in brain.js 1.6.1, which computes leaky-relu wrongly (brain.js#560)";
  refuse("ERR_BATCHNORM_UNSUPPORTED", rule, activation);
}

function optimizerOf({ trainOpts }: Host): Optimizer {
  const { praxis, momentum, beta1, beta2, epsilon } = trainOpts;
  if (praxis === "adam") return { kind: "adam", beta1, beta2, epsilon };
  return { kind: "sgd", momentum };
}
