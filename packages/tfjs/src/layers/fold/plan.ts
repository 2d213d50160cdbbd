import { type BatchNormState, channelMap } from "@batchnorm/core";
import { axisOf, settingsOf, within } from "../norm-layers.ts";
import { Stock, type StockLayer } from "../stock.ts";
import { flattened, handsOn, onAxis, type Place } from "./between.ts";
import { bypass, type Call, type Graph, readersOf, type Value } from "./graph.ts";
import {
  activationOf,
  channelAxisOf,
  isBroken,
  isLinear,
  isPartial,
  type LinearLayer,
} from "./linear-layers.ts";
import { refuseFold } from "./refuse-fold.ts";

/** A Batch Normalization layer that a linear layer takes over. */
export interface Fold {
  /** As core's `foldAfter` and `foldBefore`: after the linear layer, or before it. */
  readonly side: "after" | "before";
  readonly norm: StockLayer;
  /** Where the channels are within the linear layer's last axis. */
  readonly place: Place;
}

/** What becomes of every call. */
export interface Plan {
  /** In the order in which they are to be done. */
  readonly folds: ReadonlyMap<Call, readonly Fold[]>;
  /** Batch Normalization that becomes a depthwise convolution. */
  readonly spread: ReadonlySet<Call>;
}

/** What is done about Batch Normalization that no linear layer can take over. */
export type Otherwise = "refuse" | "depthwise";

/**
 * Finds the linear layer for every Batch Normalization, and takes that out of the graph.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_FOLD` naming the layer, the reason and the way out.
 */
export function planFolds(
  graph: Graph,
  states: ReadonlyMap<StockLayer, BatchNormState>,
  otherwise: Otherwise,
): Plan {
  const folds = new Map<Call, Fold[]>();
  const spread = new Set<Call>();
  const plan = (call: Call, fold: Fold): void => {
    folds.set(call, [...(folds.get(call) ?? []), fold]);
  };
  const norms = graph.calls.filter(({ layer }) => requirePlain(layer) instanceof Stock);
  const reasons = new Map<Call, string>();
  // From the first to the last: one behind another then finds the linear layer that took that over.
  for (const call of norms) {
    const norm = requireLinear(call.layer as StockLayer);
    const target = linearBefore(graph, call);
    if (typeof target === "string") {
      reasons.set(call, target);
      continue;
    }
    plan(target, { side: "after", norm, place: onAxis(0) });
    bypass(graph, call);
  }
  for (const call of [...reasons.keys()].reverse()) {
    const norm = call.layer as StockLayer;
    const { s } = channelMap(states.get(norm) as BatchNormState);
    const targets = linearBehind(
      graph,
      call,
      s.every((value) => value === 0),
    );
    if (typeof targets !== "string") {
      for (const [target, place] of targets) plan(target, { side: "before", norm, place });
      bypass(graph, call);
    } else if (otherwise === "depthwise") {
      spread.add(call);
    } else {
      refuseBoth(norm, reasons.get(call) as string, targets);
    }
  }
  return { folds, spread };
}

/** The linear layer whose output a call normalizes, or why there is none. */
function linearBefore(graph: Graph, call: Call): Call | string {
  const norm = call.layer as StockLayer;
  let reader = call;
  let value = call.inputs[0] as Value;
  for (;;) {
    const { layer, inputs } = value.call;
    const shared = readBesides(graph, value, reader);
    if (shared) return `what ${layer.name} before it makes ${shared}`;
    if (!handsOn(layer)) break;
    reader = value.call;
    value = inputs[0] as Value;
  }
  const { layer } = value.call;
  if (!isLinear(layer))
    return `${layer.name} before it is no linear layer (${layer.getClassName()})`;
  const activation = activationOf(layer);
  if (activation) return `${layer.name} before it ends in ${activation}`;
  const { length } = value.shape;
  const elsewhere = isElsewhere(norm, axisOf(norm, length), layer, length);
  return elsewhere ?? value.call;
}

/** The linear layers that read what a call makes, all of them, or why one cannot take it over. */
function linearBehind(graph: Graph, call: Call, unshifted: boolean): [Call, Place][] | string {
  const norm = call.layer as StockLayer;
  const output = call.outputs[0] as Value;
  const follow = (value: Value, place: Place): [Call, Place][] | string => {
    if (graph.outputs.includes(value)) return "what it makes is an output of the model";
    const found: [Call, Place][] = [];
    for (const reader of readersOf(graph, value)) {
      const one = read(value, reader, place);
      if (typeof one === "string") return one;
      found.push(...one);
    }
    return found.length > 0 ? found : "nothing reads it";
  };
  const read = (value: Value, reader: Call, place: Place): [Call, Place][] | string => {
    const { layer } = reader;
    const next = reader.outputs[0] as Value;
    if (handsOn(layer)) return follow(next, place);
    if (layer.getClassName() === "Flatten") return follow(next, flattened(layer, value, place));
    if (!isLinear(layer)) {
      return `${layer.name} behind it is no linear layer (${layer.getClassName()})`;
    }
    const elsewhere = isElsewhere(norm, place.axis, layer, value.shape.length);
    if (elsewhere) return elsewhere;
    if (isPartial(layer) && !unshifted) {
      return `${layer.name} behind it is padded or transposed, so no one bias is right at its borders`;
    }
    return [[reader, place]];
  };
  return follow(output, onAxis(axisOf(norm, output.shape.length)));
}

/** Who reads a value besides the one that asks, or null. */
function readBesides(graph: Graph, value: Value, reader: Call): string | null {
  if (graph.outputs.includes(value)) return "is an output of the model too";
  const others = readersOf(graph, value).filter((other) => other !== reader);
  return others.length > 0 ? `is read by ${others.map(nameOf).join(" and ")} too` : null;
}

const nameOf = ({ layer }: Call): string => layer.name;

/** Why a linear layer's channels are not those that are normalized, or null. */
function isElsewhere(
  norm: StockLayer,
  axis: number,
  linear: LinearLayer,
  rank: number,
): string | null {
  if (isBroken(linear)) return `TensorFlow.js computes ${linear.name} wrongly with channelsFirst`;
  const channels = channelAxisOf(linear, rank);
  return axis === channels
    ? null
    : `${norm.name} normalizes axis ${axis}, ${linear.name} has its channels on axis ${channels}`;
}

const refuseBoth = (norm: StockLayer, before: string, behind: string): never =>
  refuseFold(
    norm,
    `folded into the layer before it: ${before}; nor into what is behind it: ${behind}. ` +
      'foldBatchNorm(model, { otherwise: "depthwise" }) makes a depthwise convolution of it, which ' +
      "computes the same in one product and one sum a value",
  );

/** @throws {BatchNormError} `ERR_BATCHNORM_FOLD` for a layer that holds Batch Normalization within. */
function requirePlain(layer: Call["layer"]): Call["layer"] {
  const [held] = layer instanceof Stock ? [] : within(layer);
  if (!held) return layer;
  refuseFold(
    held,
    `folded inside ${layer.name} (${layer.getClassName()}): put it into the model itself, ` +
      "where axis −1 is the same channels",
  );
}

/** @throws {BatchNormError} `ERR_BATCHNORM_FOLD` for a layer that is no linear map at inference. */
function requireLinear(layer: StockLayer): StockLayer {
  if (settingsOf(layer).byRunning) return layer;
  refuseFold(
    layer,
    "folded: it normalizes by the batch at inference too, which is no linear map; " +
      "build the model with useBatchStatistics and training off and trackRunningStatistics on, and recalibrate it",
  );
}
