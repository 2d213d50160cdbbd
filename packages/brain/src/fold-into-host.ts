import {
  type BatchNormState,
  type DenseWeights,
  type Folded,
  foldAfter,
  foldBefore,
} from "@batchnorm/core";
import type { Network } from "@batchnorm/minibatch";
import type { Host, Row } from "./host.ts";
import { shiftOf } from "./plan-engine.ts";

/** One layer of brain.js: weights [units, source units], and biases. */
export interface HostLayer {
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

/**
 * brain.js 2's `toFunction` refuses a bias of 0. This is the smallest float32 that is as quick as any
 * other, and changes no sum that it is added to.
 */
const smallestBias = 1.2e-38;

/**
 * Each layer's weights and biases with Batch Normalization folded in, in float64 until the end.
 *
 * @param states - Of the layers that have it, by their places in the engine.
 */
export function foldedLayers(
  network: Network,
  states: ReadonlyMap<number, BatchNormState>,
): HostLayer[] {
  const { graph } = network;
  const shift = shiftOf(graph);
  return graph.layers.slice(shift).map(({ units }, i): HostLayer => {
    const place = i + 1 + shift;
    const [own, before] = [states.get(place), shift && i === 0 ? states.get(1) : undefined];
    let folded: Folded = {
      weights: network.readWeights(place),
      bias: own ? new Float64Array(units) : network.readBias(place),
    };
    if (own) folded = foldAfter(denseOf(folded), own);
    if (before) folded = foldBefore(denseOf(folded), before);
    const bias = new Float32Array(folded.bias);
    for (let unit = 0; unit < units; unit++) bias[unit] ||= smallestBias;
    return { weights: new Float32Array(folded.weights), bias };
  });
}

const denseOf = ({ weights, bias }: Folded): DenseWeights => ({
  kind: "dense",
  weights,
  bias,
  shape: [bias.length, weights.length / bias.length],
  outputAxis: 0,
});

/**
 * How much larger than its scale a pre-activation's shift is, at most: what folding into float32 loses is
 * that by 2^−24.
 */
export function shiftOfFolding(states: ReadonlyMap<number, BatchNormState>): number {
  let most = 0;
  for (const { runningMean, runningVariance, gamma, epsilon } of states.values()) {
    for (const [c, mean] of (runningMean ?? []).entries()) {
      const k = (gamma?.[c] ?? 1) / Math.sqrt((runningVariance?.[c] ?? 1) + epsilon);
      most = Math.max(most, Math.abs(k * mean));
    }
  }
  return most;
}

export function writeLayers(host: Host, layers: readonly HostLayer[]): void {
  for (const [i, { weights, bias }] of layers.entries()) {
    const rows = host.weights[i + 1] as Row[];
    const columns = weights.length / bias.length;
    for (const [unit, row] of rows.entries()) {
      for (let k = 0, at = unit * columns; k < columns; k++) row[k] = weights[at++] as number;
    }
    const biases = host.biases[i + 1] as Row;
    for (let unit = 0; unit < bias.length; unit++) biases[unit] = bias[unit] as number;
  }
}

/** A copy of what a network of brain.js has. */
export function readLayers(host: Host): HostLayer[] {
  return host.weights.slice(1).map((rows, i) => ({
    weights: Float32Array.from(rows.flatMap((row) => Array.from(row))),
    bias: Float32Array.from(host.biases[i + 1] as Row),
  }));
}

/** Whether a network of brain.js has just these numbers. */
export function hasLayers(host: Host, layers: readonly HostLayer[]): boolean {
  return layers.every(({ weights, bias }, i) => {
    const rows = host.weights[i + 1];
    const biases = host.biases[i + 1];
    if (rows?.length !== bias.length || biases?.length !== bias.length) return false;
    const columns = weights.length / bias.length;
    for (const [unit, row] of rows.entries()) {
      if (row.length !== columns || biases[unit] !== bias[unit]) return false;
      for (let k = 0, at = unit * columns; k < columns; k++) {
        if (row[k] !== weights[at++]) return false;
      }
    }
    return true;
  });
}
