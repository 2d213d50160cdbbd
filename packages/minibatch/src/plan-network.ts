import { controls, layerControls } from "./controls.ts";
import type { ResolvedNetworkOptions } from "./network-options.ts";
import { slotsOf } from "./optimizer.ts";
import {
  counterFields,
  type Grain,
  type Plan,
  type PlannedBatchNorm,
  type PlannedLayer,
  type PlannedPlace,
  pad,
} from "./plan.ts";
import { connectionBytes, layerBytes, placesAt } from "./record-sizes.ts";
import type { ResolvedGraph, ResolvedLayer } from "./resolved-graph.ts";
import { type Room, roomFrom } from "./room.ts";

/** Lays out a network's memory. */
export function planNetwork(
  graph: ResolvedGraph,
  options: ResolvedNetworkOptions,
  grain: Grain,
): Plan {
  const room = roomFrom(0);
  const { layers } = graph;
  const batchNorms = layers.filter(({ batchNorm }) => batchNorm).length;
  const connectionCount = layers.reduce((sum, { connections }) => sum + connections.length, 0);
  // Offset 0 stands for none, and lies in the records.
  const records = room.take(
    placesAt + (layers.length + 1) * layerBytes + connectionCount * connectionBytes,
  );
  const controlsAt = room.take(8 * (controls.layers + batchNorms * layerControls.size));
  const indices = room.take(4 * options.batchSize);

  const start = room.end;
  const counters = room.take(8 * (1 + counterFields * batchNorms));
  const running = layers.map(({ batchNorm, units }) =>
    batchNorm ? { mean: room.take(8 * units), variance: room.take(8 * units) } : null,
  );
  const parameters = room.end;
  const learned = layers.map((layer) => takeParameters(layer, grain, room));
  const parameterBytes = room.end - parameters;
  const slots = slotsOf(options.optimizer);
  room.take(slots * parameterBytes);
  const end = room.end;
  room.take(parameterBytes); // gradients
  const masks = layers.map(({ connections, units }) =>
    connections.map(({ mask, sourceUnits }) =>
      mask ? room.take(units * pad(sourceUnits, grain) * grain.size) : 0,
    ),
  );

  const batch = pad(options.batchSize, grain);
  /** A matrix, [units][batch] or its transpose, padded to whole vectors both ways, and one vector more. */
  const matrix = (units: number): number =>
    room.take((pad(units, grain) * batch + grain.lanes) * grain.size);
  const places: PlannedPlace[] = [graph.inputs, ...layers.map(({ units }) => units)].map(
    (units) => ({
      units,
      activations: matrix(units),
      transposed: matrix(units),
      transposedRow: pad(units, grain) * grain.size,
      gradient: matrix(units),
    }),
  );

  const first = firstToReach(layers);
  let nextBatchNorm = 0;
  const plannedLayers = layers.map((layer, i): PlannedLayer => {
    const place = places[i + 1] as PlannedPlace;
    const { weights, bias, gamma, beta } = learned[i] as Learned;
    const { batchNorm, units } = layer;
    const normalized = batchNorm ? matrix(units) : 0;
    const sums = normalized || place.activations;
    const lone = layer.connections.length === 1 ? layer.connections[0] : undefined;
    const aliases = lone?.kind === "identity" && !layer.bias;
    const source = aliases ? (places[lone.from] as PlannedPlace).activations : sums;
    return {
      ...place,
      place: i + 1,
      connections: denseFirst(layer).map(({ index, from, kind }) => ({
        index,
        from,
        kind,
        weights: weights[index] as number,
        row: (places[from] as PlannedPlace).transposedRow,
        mask: masks[i]?.[index] as number,
        setsGradient: first.has(`${i + 1}.${index}`),
      })),
      sums,
      source,
      bias,
      activation: layer.activation,
      leak: layer.leak,
      batchNorm: batchNorm && {
        ...takeBatchNorm(layer, nextBatchNorm++, controlsAt, grain, room),
        ...(running[i] as { mean: number; variance: number }),
        normalized,
        gamma,
        beta,
        learnsGamma: batchNorm.scale,
        learnsBeta: batchNorm.center,
      },
    };
  });
  return {
    graph,
    options,
    grain,
    records,
    controls: controlsAt,
    counters,
    indices,
    persistent: { start, end },
    parameters,
    parameterBytes,
    slots,
    targets: matrix((layers.at(-1) as ResolvedLayer).units),
    places,
    layers: plannedLayers,
    bytes: room.end,
  };
}

/** The connections, as `layer.index`, that are the first to reach their source on the way back. */
function firstToReach(layers: readonly ResolvedLayer[]): ReadonlySet<string> {
  const reached = new Set<number>();
  const first = new Set<string>();
  for (let l = layers.length; l >= 1; l--) {
    for (const { index, from } of denseFirst(layers[l - 1] as ResolvedLayer)) {
      if (!reached.has(from)) first.add(`${l}.${index}`);
      reached.add(from);
    }
  }
  return first;
}

/** Room for what a batch's normalization leaves behind. */
function takeBatchNorm(
  { units }: ResolvedLayer,
  index: number,
  controlsAt: number,
  grain: Grain,
  room: Room,
): Pick<
  PlannedBatchNorm,
  "index" | "batchMean" | "batchM2" | "center" | "centerLow" | "scale" | "controls"
> {
  const values = (): number => room.take(units * grain.size);
  const doubles = (): number => room.take(units * 8);
  return {
    index,
    batchMean: doubles(),
    batchM2: doubles(),
    center: values(),
    centerLow: values(),
    scale: values(),
    controls: controlsAt + 8 * (controls.layers + index * layerControls.size),
  };
}

interface Learned {
  /** By connection; 0 for an identity. */
  readonly weights: readonly number[];
  readonly bias: number;
  readonly gamma: number;
  readonly beta: number;
}

function takeParameters(layer: ResolvedLayer, grain: Grain, room: Room): Learned {
  const { connections, units, bias, batchNorm } = layer;
  const bytesOf = (sourceUnits: number): number => units * pad(sourceUnits, grain) * grain.size;
  const weights = connections.map(({ kind, sourceUnits }) =>
    kind === "dense" ? room.take(bytesOf(sourceUnits)) : 0,
  );
  const vector = (): number => room.take(units * grain.size);
  return {
    weights,
    bias: bias ? vector() : 0,
    beta: batchNorm ? vector() : 0,
    gamma: batchNorm ? vector() : 0,
  };
}

/** A product can start the sum with the bias; an identity would have to be copied first. */
function denseFirst({ connections }: ResolvedLayer): {
  index: number;
  from: number;
  kind: "dense" | "identity";
}[] {
  const all = connections.map(({ from, kind }, index) => ({ index, from, kind }));
  return [
    ...all.filter(({ kind }) => kind === "dense"),
    ...all.filter(({ kind }) => kind === "identity"),
  ];
}
