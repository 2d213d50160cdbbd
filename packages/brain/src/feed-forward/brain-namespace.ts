import type { Lookup } from "../host.ts";

/** What we use of brain.js 2: its classes, with types of its own. */
export interface BrainNamespace {
  readonly FeedForward: FeedForwardClass;
  readonly layerTypes: { readonly Model: LayerClass };
}

// biome-ignore lint/suspicious/noExplicitAny: what a class is given and makes belongs to its host
export type LayerClass = new (settings?: any) => any;

export interface FeedForwardClass {
  // biome-ignore lint/suspicious/noExplicitAny: what a class is given and makes belongs to its host
  new (options?: any): any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  fromJSON(json: any, getLayer?: any): any;
}

/** A matrix of a layer, [height][width]: rows, or what gpu.js keeps on its device. */
export type Matrix = readonly ArrayLike<number>[] | { toArray(): readonly ArrayLike<number>[] };

/** What a layer of brain.js is to the one after it. */
export interface LayerBefore {
  readonly width: number;
  readonly height: number;
  readonly depth?: number | null;
  weights: unknown;
  deltas: unknown;
}

/** brain.js's Model, as we extend it. */
export interface HostLayer extends LayerBefore {
  settings: object;
  praxis: unknown;
}

/** brain.js's FeedForward, as we extend it. */
export interface HostNetwork {
  options: { readonly praxisOpts?: object };
  layers: unknown[] | null;
  _inputLayer: LayerBefore | null;
  _outputLayer: LayerBefore | null;
  inputLookup: Lookup | null;
  inputLookupLength: number | null;
  outputLookup: Lookup | null;
  outputLookupLength: number | null;
  initialize(): void;
  verifyIsInitialized(): void;
  runInput(input: unknown): Matrix;
  _calculateTrainingError(data: unknown): number;
  _trainPatterns(data: unknown): void;
}

export type HostNetworkClass = (new (
  options?: object,
) => HostNetwork) & {
  fromJSON(json: object, getLayer: GetLayer): HostNetwork;
};

/** How `FeedForward.fromJSON` asks for a layer that brain.js does not know. */
export type GetLayer = (json: { readonly type?: string }, ...inputs: LayerBefore[]) => unknown;
