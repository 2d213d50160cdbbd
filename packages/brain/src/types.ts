import type { BatchNormJSON } from "./json.ts";
import type { BatchNormSettings } from "./settings.ts";

/** A class of brain.js: NeuralNetwork of 1.6.1 or 2.0.0-beta.24, with its own types. */
// biome-ignore lint/suspicious/noExplicitAny: what a class is given and makes belongs to its host
export type NeuralNetworkClass = new (options?: any) => any;

/** Something like an AbortSignal. */
export interface Signal {
  readonly aborted: boolean;
}

/** How a training ended: as brain.js says it. */
export interface TrainResult {
  /** Mean squared error of the last epoch that brain.js looked at, each sample's before its step. */
  readonly error: number;
  /** Epochs. */
  readonly iterations: number;
}

/** What a network with Batch Normalization can do besides. */
export interface BatchNormNetwork<Host extends Trains> {
  /** As brain.js's own, in mini-batches. A signal ends it after an epoch. */
  train(data: FirstOf<Host["train"]>, options?: SecondOf<Host["train"]> & Stops): TrainResult;
  /** As `train`, to the last bit; lets the event loop run. A signal ends it within milliseconds. */
  trainAsync(
    data: FirstOf<Host["train"]>,
    options?: SecondOf<Host["train"]> & Stops,
  ): Promise<TrainResult>;
  /** brain.js's own JSON, which a stock network can read, and what resuming needs. */
  toJSON(): ReturnOf<Host["toJSON"]> & { readonly batchNorm: BatchNormJSON };
}

/** What makes a network with Batch Normalization. */
export type BatchNormClass<Base extends NeuralNetworkClass> = new (
  options?: FirstOf<Base> & { readonly batchNorm?: BatchNormSettings | undefined },
) => BatchNormNetwork<InstanceType<Base>> & InstanceType<Base>;

export interface Stops {
  readonly signal?: Signal | undefined;
}

/** A host's methods, of whatever types. */
export interface Trains {
  // biome-ignore lint/suspicious/noExplicitAny: the types are the host's
  train(...given: any[]): any;
  // biome-ignore lint/suspicious/noExplicitAny: the types are the host's
  toJSON(): any;
}

type FirstOf<F> = F extends new (
  first?: infer A,
) => unknown
  ? A
  : F extends (first: infer A, ...rest: never[]) => unknown
    ? A
    : never;
type SecondOf<F> = F extends (first: never, second?: infer A) => unknown ? A : never;
type ReturnOf<F> = F extends () => infer R ? R : never;
