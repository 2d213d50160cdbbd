import { type DenseWeights, type FloatArray, foldAfter, foldBefore } from "@batchnorm/core";
import { consumersOf, graphOf, type Part, type PartConnection, partsOf } from "./fold-parts.ts";
import { Network } from "./network.ts";
import type { NumberType } from "./network-options.ts";

/**
 * A network that computes the same as a trained one does at inference, without Batch Normalization:
 *
 * - BN after dense connections goes into their weights and the bias, `W′ = k · W`, `b′ = k · b + s`;
 * - BN that is a layer of its own over another one's sums joins it, where nothing else reads those;
 * - BN of the input, or of whatever comes by identity, goes into the dense connections that read it;
 * - where that cannot be, since an activation follows or an identity reads it, identities become dense
 *   connections masked to their diagonal, with k on it.
 *
 * So it is always exact, up to rounding. In float32, what is lost grows with |mean| / deviation, most for
 * BN of the input: fold to float64 then, or keep the network as it is.
 *
 * @param options - `type`: of the new network, default that of this one.
 * @returns a new network, with the optimizer's options and none of what it has kept.
 * @throws {BatchNormError} `ERR_BATCHNORM_FOLD` where a variance and epsilon are both 0 or a state is not
 * finite: recalibrate first.
 * @see core's `foldAfter` and `foldBefore`
 */
export function foldBatchNorm(
  network: Network,
  { type = network.type }: { readonly type?: NumberType | undefined } = {},
): Network {
  let parts = partsOf(network);
  // From the first to the last: what comes before is folded already, and can be joined.
  for (const part of [...parts]) {
    parts = joinSource(parts, part);
    if (part.batchNorm) fold(parts, part);
  }
  for (const part of [...parts]) parts = dropIdentity(parts, part);
  const { batchSize, optimizer, loss } = network.options;
  const folded = new Network(graphOf(network.inputs, parts), { type, batchSize, optimizer, loss });
  for (const [i, { connections, bias }] of parts.entries()) {
    for (const [c, { weights }] of connections.entries()) {
      if (weights) folded.writeWeights(i + 1, c, weights);
    }
    if (bias) folded.writeBias(i + 1, bias);
  }
  return folded;
}

/** Takes over what a layer without activation sums up, when this one alone reads it, and as it is. */
function joinSource(parts: Part[], part: Part): Part[] {
  const [only, ...others] = part.connections;
  if (!only || only.weights || others.length > 0) return parts;
  const source = parts.find(({ place }) => place === only.from);
  const joins = source?.activation === "identity" && !source.batchNorm;
  if (!joins || consumersOf(parts, only.from).length > 1) return parts;
  part.connections = source.connections;
  part.bias = sum(source.bias, part.bias);
  return parts.filter((other) => other !== source);
}

function fold(parts: readonly Part[], part: Part): void {
  const readers = consumersOf(parts, part.place);
  const dense = part.connections.every(({ weights }) => weights !== null);
  const passesOn =
    part.activation === "identity" &&
    readers.length > 0 &&
    readers.every(({ connections }) =>
      connections.every((c) => c.from !== part.place || c.weights),
    );
  if (dense || !passesOn) foldIntoSources(part);
  else foldIntoReaders(part, readers);
  part.batchNorm = null;
}

function foldIntoSources(part: Part): void {
  const { batchNorm, units } = part;
  if (!batchNorm) return;
  const { bias } = part;
  part.connections = part.connections.map((connection) => {
    const { weights, mask, sourceUnits } = connection.weights ? connection : diagonal(connection);
    const folded = foldAfter(denseOf(weights as FloatArray, units, sourceUnits, bias), batchNorm);
    // The same for each connection: the shift is the layer's.
    part.bias = folded.bias;
    return { ...connection, weights: folded.weights, mask };
  });
}

function foldIntoReaders(part: Part, readers: readonly Part[]): void {
  const { batchNorm } = part;
  if (!batchNorm) return;
  for (const reader of readers) {
    reader.connections = reader.connections.map((connection) => {
      const { weights, from, sourceUnits } = connection;
      if (from !== part.place || !weights) return connection;
      const layer = denseOf(weights, reader.units, sourceUnits, reader.bias);
      const folded = foldBefore(layer, batchNorm);
      reader.bias = folded.bias;
      return { ...connection, weights: folded.weights };
    });
  }
}

/** Leaves out a layer that only hands on what it gets. */
function dropIdentity(parts: Part[], part: Part): Part[] {
  const [only, ...others] = part.connections;
  const handsOn = part.activation === "identity" && !part.bias && !part.batchNorm;
  if (!handsOn || !only || only.weights || others.length > 0) return parts;
  const readers = consumersOf(parts, part.place);
  if (readers.length === 0) return parts;
  for (const reader of readers) {
    reader.connections = reader.connections.map((connection) =>
      connection.from === part.place ? { ...connection, from: only.from } : connection,
    );
  }
  return parts.filter((other) => other !== part);
}

/** An identity as weights. */
function diagonal({ from, sourceUnits }: PartConnection): PartConnection {
  const ones = new Float64Array(sourceUnits ** 2);
  for (let unit = 0; unit < sourceUnits; unit++) ones[unit * (sourceUnits + 1)] = 1;
  return { from, sourceUnits, weights: ones, mask: Uint8Array.from(ones) };
}

const denseOf = (
  weights: FloatArray,
  units: number,
  sourceUnits: number,
  bias: FloatArray | null,
): DenseWeights => ({ kind: "dense", weights, shape: [units, sourceUnits], outputAxis: 0, bias });

function sum(a: FloatArray | null, b: FloatArray | null): FloatArray | null {
  if (!a || !b) return a ?? b;
  return a.map((value, i) => value + (b[i] as number));
}
