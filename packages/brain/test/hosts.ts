import type { BrainNamespace } from "@batchnorm/brain/feed-forward";

/** A network of either version, as the tests use it. */
export interface Net {
  sizes: number[];
  weights: ArrayLike<number>[][];
  biases: ArrayLike<number>[];
  trainOpts: Record<string, unknown>;
  run(input: unknown): never;
  test(data: unknown): { error: number; total: number; misclasses: unknown[] };
  train(data: unknown, options?: object): { error: number; iterations: number };
  trainAsync(data: unknown, options?: object): Promise<{ error: number; iterations: number }>;
  trainPattern(sample: unknown): unknown;
  initialize(): void;
  toJSON(): { batchNorm?: unknown };
  fromJSON(json: unknown): Net;
  toFunction(): (input: unknown) => never;
}

export type NetClass = new (options?: object) => Net;

/** brain.js as a user has it, with types of neither version. */
export interface Brain {
  readonly NeuralNetwork: NetClass;
  readonly NeuralNetworkGPU: NetClass;
  readonly CrossValidate: new (
    make: unknown,
    options?: object,
  ) => {
    train(data: unknown, options?: object, k?: number): { sets: { network: object }[] };
    toNeuralNetwork(): Net;
  };
  readonly TrainStream?: new (options: object) => unknown;
  readonly recurrent: { readonly LSTM: NetClass };
}

const inBrowser = "document" in globalThis;

/** 1.6.1 by its own browser file where there is a browser. */
const load1 = async (): Promise<unknown> =>
  inBrowser ? import("brain-v1/browser.js") : import("brain-v1");

const load2 = async (): Promise<unknown> => import("brain.js");

/** What a CommonJS module exports, however it comes. */
const exportsOf = (module: unknown): never => {
  const { default: inner } = module as { default?: { default?: unknown } };
  return (inner ?? module) as never;
};

export const brain1: Brain = exportsOf(await load1());
export const brain2: Brain & BrainNamespace & { readonly layer: Layers } = exportsOf(await load2());

/** Layer functions of brain.js 2. */
export type Layers = Record<
  "input" | "multiply" | "random" | "sigmoid" | "target" | "feedForward",
  // biome-ignore lint/suspicious/noExplicitAny: the types are brain.js's
  (...given: any[]) => any
>;

/** Both versions, for `describe.each`. */
export const versions: [string, Brain][] = [
  ["brain.js 1.6.1", brain1],
  ["brain.js 2.0.0-beta.24", brain2],
];
