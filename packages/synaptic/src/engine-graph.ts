import type { Activation, Connection, Graph, Layer } from "@batchnorm/minibatch";
import type { Squash, SquashName, Synaptic } from "./host.ts";
import type { Source, WiredLayer, Wiring } from "./wiring.ts";

/** A layer of the engine: a sum, Batch Normalization, or the one of the other. */
export interface EnginePart {
  /** Null where Batch Normalization stands alone. */
  readonly sum: WiredLayer | null;
  /** Null without Batch Normalization. */
  readonly normalized: WiredLayer | null;
}

export const activationNames: Readonly<Record<SquashName, Activation>> = {
  LOGISTIC: "sigmoid",
  TANH: "tanh",
  IDENTITY: "identity",
  HLIM: "step",
  RELU: "relu",
};

/** What the engine calls a function of `Neuron.squash`. */
export function activationOf({ Neuron }: Synaptic, squash: Squash): Activation {
  const names = Object.keys(activationNames) as SquashName[];
  const name = names.find((name) => Neuron.squash[name] === squash);
  return activationNames[name ?? "LOGISTIC"];
}

/**
 * The layers of the engine. Batch Normalization joins the sums that it alone reads, as they are: so each
 * value is touched once less, and a network built layer by layer is the one that papers draw.
 */
export function partsOf(synaptic: Synaptic, { layers }: Wiring): EnginePart[] {
  const readers = (place: number): WiredLayer[] =>
    layers.filter(({ sources }) => sources.some(({ from }) => from === place));
  const joined = (sum: WiredLayer): WiredLayer | null => {
    const plain = sum.squash === synaptic.Neuron.squash.IDENTITY && !sum.normalization;
    const [reader, ...others] = readers(sum.place);
    return plain && reader?.normalization && others.length === 0 ? reader : null;
  };
  const sums = new Map(
    layers.flatMap((layer) => {
      const reader = joined(layer);
      return reader ? [[reader, layer] as const] : [];
    }),
  );
  const taken = new Set(sums.values());
  return layers
    .filter((layer) => !taken.has(layer))
    .map((layer) =>
      layer.normalization
        ? { sum: sums.get(layer) ?? null, normalized: layer }
        : { sum: layer, normalized: null },
    );
}

/** The engine's graph of those parts. */
export function graphOf(
  synaptic: Synaptic,
  { input }: Wiring,
  parts: readonly EnginePart[],
): Graph {
  const places = new Map([[0, 0]]);
  for (const [i, { sum, normalized }] of parts.entries()) {
    places.set((normalized ?? (sum as WiredLayer)).place, i + 1);
  }
  const dense = ({ from, units, at }: Source, { neurons }: WiredLayer): Connection => ({
    from: places.get(from) as number,
    ...(at ? { mask: maskOf(at, neurons.length * units) } : {}),
  });
  const layerOf = ({ sum, normalized }: EnginePart): Layer => {
    const last = normalized ?? (sum as WiredLayer);
    const lone = normalized?.sources[0]?.from;
    return {
      units: last.neurons.length,
      connections: sum
        ? sum.sources.map((source) => dense(source, sum))
        : [{ from: places.get(lone as number) as number, kind: "identity" }],
      bias: sum !== null,
      activation: activationOf(synaptic, last.squash),
      ...(normalized?.normalization
        ? { batchNorm: { ...normalized.normalization.options, name: nameOf(normalized) } }
        : {}),
    };
  };
  return { inputs: input.neurons.length, layers: parts.map(layerOf) };
}

/** What a state calls a layer of Batch Normalization. */
export const nameOf = ({ name, normalization }: WiredLayer): string => normalization?.name ?? name;

function maskOf(at: Uint32Array, length: number): Uint8Array {
  const mask = new Uint8Array(length);
  for (const i of at) mask[i] = 1;
  return mask;
}
