import { type FloatArray, refuse } from "@batchnorm/core";
import type { Executor } from "./executor.ts";
import type { Plan } from "./plan.ts";

/** What training changes of a network, to put it back: of no use to another one. */
export interface Snapshot {
  readonly bytes: Uint8Array;
  /** A view of the parameters and of what the optimizer keeps, with zeros between them. */
  readonly parameters: FloatArray;
}

export function copyOut({ plan, block }: Executor, out?: Snapshot): Snapshot {
  const { start, end } = plan.persistent;
  if (out && out.bytes.length !== end - start) refuseSnapshot(out, end - start);
  const snapshot = out ?? snapshotOf(plan);
  snapshot.bytes.set(block.bytes.subarray(start, end));
  return snapshot;
}

function snapshotOf({ persistent: { start, end }, parameters, grain }: Plan): Snapshot {
  const buffer = new ArrayBuffer(end - start);
  const Floats = grain.size === 4 ? Float32Array : Float64Array;
  return {
    bytes: new Uint8Array(buffer),
    parameters: new Floats(buffer, parameters - start, (end - parameters) / grain.size),
  };
}

export function copyIn({ plan, block }: Executor, snapshot: Snapshot): void {
  const { start, end } = plan.persistent;
  if (snapshot?.bytes?.length !== end - start) refuseSnapshot(snapshot, end - start);
  block.bytes.set(snapshot.bytes, start);
}

function refuseSnapshot(snapshot: Snapshot, length: number): never {
  const rule = `a snapshot must be one of this network, of ${length} bytes`;
  refuse("ERR_BATCHNORM_STATE", rule, snapshot?.bytes);
}
