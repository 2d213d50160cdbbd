import type { Connection, Graph, Layer } from "./graph.ts";

/** A copy of a graph that JSON can carry. */
export function plainGraph({ inputs, layers }: Graph): Graph {
  return { inputs, layers: layers.map(plainLayer) };
}

function plainLayer(layer: Layer): Layer {
  const { connections, batchNorm } = layer;
  return withoutUndefined({
    ...layer,
    connections: connections?.map(plainConnection),
    batchNorm: typeof batchNorm === "object" ? withoutUndefined({ ...batchNorm }) : batchNorm,
  });
}

const plainConnection = (connection: Connection): Connection =>
  withoutUndefined({ ...connection, mask: connection.mask && Array.from(connection.mask) });

/** JSON drops them, and so would a copy differ from its own copy. */
function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}
