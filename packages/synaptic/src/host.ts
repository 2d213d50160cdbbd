// synaptic 1.1.4 as it is, as far as it is spoken to. It has no types of its own, and those of others take
// a connection's ends and its kinds for numbers, and RELU for ReLU.

/** An activation function, or with `derivate` its derivative, of a neuron's state. */
export type Squash = (x: number, derivate?: boolean) => number;

export type SquashName = "LOGISTIC" | "TANH" | "IDENTITY" | "HLIM" | "RELU";

export interface Connection {
  readonly ID: number;
  readonly from: Neuron;
  readonly to: Neuron;
  weight: number;
  gain: number;
  gater: Neuron | null;
}

export type Connections = Readonly<Record<string, Connection>>;

export interface Neuron {
  readonly ID: number;
  label?: string;
  readonly connections: {
    readonly inputs: Connections;
    readonly projected: Connections;
    readonly gated: Connections;
  };
  readonly selfconnection: Connection;
  squash: Squash;
  bias: number;
  state: number;
  old: number;
  activation: number;
  activate(input?: number): number;
  propagate(rate: number, target?: number): void;
  project(neuron: Neuron, weight?: number): Connection;
  gate(connection: Connection): void;
  selfconnected(): boolean;
  clear(): void;
  reset(): void;
  /** Adds the neuron to the code that is being generated. */
  optimize(code: GeneratedCode | undefined, layer: string | number): GeneratedCode;
}

/** What of generated code is read or changed here. */
export interface GeneratedCode {
  readonly variables: Variables;
  /** Statements by layer and neuron, which are run from the last to the first. */
  readonly propagation_sentences: string[][][];
  readonly layers: { readonly __count: number };
}

/** Where generated code keeps a number, by what it is: `weight_12`, `bias_3`. */
export type Variables = Readonly<Record<string, { readonly id: number }>>;

export interface LayerConnection {
  readonly ID: number;
  readonly from: Layer;
  readonly to: Layer;
  readonly type: string;
  readonly connections: Connections;
  readonly list: readonly Connection[];
  readonly size: number;
}

export interface Layer {
  size: number;
  list: Neuron[];
  readonly connectedTo: LayerConnection[];
  activate(input?: readonly number[]): number[];
  propagate(rate: number, target?: readonly number[]): void;
  /** Gives nothing where the two layers are connected already. */
  project(to: Layer | Network, type?: string, weight?: number): LayerConnection | undefined;
  gate(connection: LayerConnection, type: string): void;
  selfconnected(): boolean;
  connected(layer: Layer): string | undefined;
  clear(): void;
  reset(): void;
  neurons(): Neuron[];
  add(neuron?: Neuron): void;
  /** A bias of 0 is not set. */
  set(options: { label?: string; squash?: Squash; bias?: number }): this;
}

export interface Layers {
  readonly input: Layer;
  readonly hidden: readonly Layer[];
  readonly output: Layer;
}

/** A network's generated code, with the numbers that it works on. */
export interface Optimized {
  readonly memory: Float64Array;
  readonly data: { readonly variables: Variables };
  /** Drops the code, and with it the numbers. */
  reset(): void;
}

/** A network as JSON; synaptic passes over other keys. */
export interface NetworkJSON {
  readonly neurons: readonly { readonly layer: "input" | "output" | number }[];
  readonly connections: readonly object[];
}

export interface Network {
  layers: Layers;
  /** Null before the first activation; false with `setOptimize(false)`. */
  optimized: Optimized | null | false;
  activate(input: ArrayLike<number>): number[];
  propagate(rate: number, target: ArrayLike<number>): void;
  project(to: Layer | Network, type?: string, weight?: number): LayerConnection | undefined;
  clear(): void;
  reset(): void;
  optimize(): void;
  restore(): void;
  neurons(): { neuron: Neuron; layer: "input" | "output" | number }[];
  inputs(): number;
  outputs(): number;
  set(layers: Layers): void;
  setOptimize(optimize: boolean): void;
  toJSON(ignoreTraces?: boolean | string): NetworkJSON;
  standalone(): (input: ArrayLike<number>) => number[];
  worker(memory: Float64Array, set: unknown, options?: unknown): unknown;
  clone(): Network;
}

/** What a network's answer to a sample costs. */
export type Cost = (target: ArrayLike<number>, output: ArrayLike<number>) => number;

export interface StockTrainer {
  train(
    set: readonly { readonly input: readonly number[]; readonly output: readonly number[] }[],
    options?: object,
  ): { error: number; iterations: number; time: number };
}

/** The library: what `import synaptic from "synaptic"` gives. */
export interface Synaptic {
  readonly Neuron: {
    new (): Neuron;
    readonly squash: Readonly<Record<SquashName, Squash>>;
    /** How many of them there have been. */
    quantity(): { readonly neurons: number; readonly connections: number };
  };
  readonly Layer: {
    new (size?: number): Layer;
    readonly connectionType: Readonly<Record<"ALL_TO_ALL" | "ONE_TO_ONE" | "ALL_TO_ELSE", string>>;
  };
  readonly Network: {
    new (layers?: Layers): Network;
    fromJSON(json: unknown): Network;
  };
  readonly Trainer: {
    new (network: Network, options?: object): StockTrainer;
    readonly cost: Readonly<Record<"CROSS_ENTROPY" | "MSE" | "BINARY", Cost>>;
  };
  readonly Architect: Readonly<
    Record<"Perceptron" | "LSTM" | "Liquid" | "Hopfield", new (...sizes: number[]) => Network>
  >;
}

/** A network of synaptic's, whatever its types say of it. */
export interface NetworkLike {
  readonly layers: object;
  activate(input: number[]): number[];
}

/** A layer of synaptic's, likewise. */
export interface LayerLike {
  readonly size: number;
  readonly list: readonly object[];
}
