/** What we use of brain.js's NeuralNetwork, and no more of it: 1.6.1 and 2.0.0-beta.24 both have this. */
export interface Host {
  /** Null in 1.6.1, empty in 2, before there is a network. */
  sizes: number[] | null;
  outputLayer: number | null;
  /** By layer and unit, from layer 1 on. */
  weights: Row[][];
  biases: Row[];
  trainOpts: HostOptions;
  /** Of 1.6.1, where the training options have none. */
  activation?: string;
  leakyReluAlpha?: number;
  inputLookup: Lookup | null | false;
  inputLookupLength: number | null;
  outputLookup: Lookup | null | false;
  outputLookupLength: number | null;
  runInput: ((input: ArrayLike<number>) => ArrayLike<number>) | null;
  calculateDeltas: unknown;
  initialize(): void;
  setActivation(): void;
  verifyIsInitialized(data: readonly { input: Float32Array; output: Float32Array }[]): void;
  updateTrainingOptions(options: object): void;
  trainingTick(data: readonly unknown[], status: TrainStatus, endTime: number): boolean;
  toJSON(): object;
  fromJSON(json: object): unknown;
}

/** Weights of one unit, or a layer's biases: 1.6.1 has plain arrays after `fromJSON`. */
export type Row = Float32Array | number[];

/** Which place in an array a key has. */
export type Lookup = Record<string, number>;

/** The training options that decide what we do; brain.js has checked them. */
export interface HostOptions {
  /** Of 2.0.0-beta.24 alone. */
  readonly activation?: string;
  readonly leakyReluAlpha?: number;
  readonly iterations: number;
  readonly errorThresh: number;
  readonly log: unknown;
  readonly logPeriod: number;
  readonly callback?: unknown;
  readonly callbackPeriod: number;
  readonly timeout: number;
  readonly learningRate: number;
  readonly momentum: number;
  readonly praxis?: string | null;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** What brain.js says of a training: the last error that it looked at, and epochs. */
export interface TrainStatus {
  error: number;
  iterations: number;
}

export type HostClass = new (options?: object) => Host;

/** 2.0.0-beta.24 keeps the activation among the training options. */
export const isVersion1 = ({ trainOpts }: Host): boolean => trainOpts.activation === undefined;

/** Whether the network has its weights. */
export const hasWeights = ({ sizes, outputLayer }: Host): boolean =>
  sizes !== null && sizes.length > 0 && outputLayer !== null && outputLayer > 0;

/** Makes `run` brain.js's own again: 1.6.1 keeps whatever stands there. */
export function useStockRun(host: Host): void {
  host.runInput = null;
  host.calculateDeltas = null;
  host.setActivation();
}

/** Has objects read and made by these keys; null for arrays. */
export function useLookups(host: Host, input: Lookup | null, output: Lookup | null): void {
  host.inputLookup = input;
  host.inputLookupLength = input && Object.keys(input).length;
  host.outputLookup = output;
  host.outputLookupLength = output && Object.keys(output).length;
}
