import { refuse } from "@batchnorm/core";
import { requireVersion } from "@batchnorm/core/checks";
import {
  Network,
  type NetworkState,
  type PositionState,
  requirePosition,
} from "@batchnorm/minibatch";
import { Engine, statesOf } from "./engine.ts";
import { foldedLayers } from "./fold-into-host.ts";
import type { Host, Lookup } from "./host.ts";
import { shiftOf } from "./plan-engine.ts";
import type { Session } from "./session.ts";
import { type BatchNormSettings, plain, resolveSettings, type Settings } from "./settings.ts";

/** What our JSON has besides brain.js's own, under the key `batchNorm`: all that resuming needs. */
export interface BatchNormJSON {
  /** Of this format. */
  readonly version: 1;
  readonly settings: Omit<BatchNormSettings, "onWarning">;
  /** 1.6.1 does not keep the order of keys that look like numbers. */
  readonly inputLookup: Lookup | null;
  readonly outputLookup: Lookup | null;
  /** Null before any training. */
  readonly network: NetworkState | null;
  /** Null before any training. */
  readonly position: PositionState | null;
  /** How many samples the network was trained on last; 0 before that. */
  readonly samples: number;
}

/** What a JSON is read as, before anything is changed. */
export interface Loaded {
  readonly settings: Settings;
  readonly engine: Engine | null;
  readonly inputLookup: Lookup | null;
  readonly outputLookup: Lookup | null;
}

export function toBatchNormJSON(host: Host, session: Session): BatchNormJSON {
  const engine = session.current(host);
  const { settings, trainer } = session;
  const progress = engine?.progress ?? null;
  return {
    version: 1,
    settings: plain(settings.given),
    inputLookup: host.inputLookup ? { ...host.inputLookup } : null,
    outputLookup: host.outputLookup ? { ...host.outputLookup } : null,
    network: engine?.network.toState() ?? null,
    position: trainer?.position ?? progress?.position ?? null,
    samples: progress?.samples ?? 0,
  };
}

/**
 * @param warn - What the settings of a JSON cannot hold.
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE` for another version or a malformed state;
 * `ERR_BATCHNORM_OPTION` for settings.
 */
export function fromBatchNormJSON(value: unknown, { warn }: Settings): Loaded {
  requireVersion("batchNorm in a network's JSON", value);
  const { settings, network, position, samples, inputLookup, outputLookup } =
    value as BatchNormJSON;
  const resolved = { ...resolveSettings(settings), warn };
  if (position !== null) requirePosition(position);
  if (!Number.isSafeInteger(samples) || samples < 0) {
    const rule = "samples of batchNorm in a network's JSON must be an integer ≥ 0";
    refuse("ERR_BATCHNORM_STATE", rule, samples);
  }
  for (const [name, lookup] of Object.entries({ inputLookup, outputLookup })) {
    if (typeof lookup === "object") continue;
    const rule = `${name} of batchNorm in a network's JSON must be null or an object`;
    refuse("ERR_BATCHNORM_STATE", rule, lookup);
  }
  const loaded = network === null ? null : Network.fromState(network);
  const progress = position === null ? null : { position, samples };
  return {
    settings: resolved,
    engine: loaded && new Engine(loaded, foldedLayers(loaded, statesOf(loaded)), progress),
    inputLookup,
    outputLookup,
  };
}

/** @throws {BatchNormError} `ERR_BATCHNORM_STATE` where a JSON's network is of other sizes than brain.js's part. */
export function requireFits({ sizes }: Host, { engine }: Loaded): void {
  if (!engine) return;
  const { inputs, layers } = engine.network.graph;
  const units = layers.slice(shiftOf(engine.network.graph)).map(({ units }) => units);
  if (JSON.stringify([inputs, ...units]) === JSON.stringify(sizes)) return;
  const rule = `network of batchNorm in a network's JSON must have its sizes, ${sizes}`;
  refuse("ERR_BATCHNORM_STATE", rule, [inputs, ...units]);
}
