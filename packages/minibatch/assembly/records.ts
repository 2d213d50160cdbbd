// What describes a network in memory; src/wasm/records.ts writes it, field by field. All offsets are
// pointers by then.

/** What one place gives a layer. */
@unmanaged
export class Connection {
  from: usize;
  isIdentity: u32;
  weights: usize;
  row: usize;
  /** 0 where all weights exist. */
  mask: usize;
  setsGradient: u32;
}

/** A layer, or the input, which has the first five fields alone. */
@unmanaged
export class Layer {
  units: u32;
  activations: usize;
  transposed: usize;
  transposedRow: usize;
  gradient: usize;

  /** The first of its {@link Connection}s, which lie side by side. */
  connections: usize;
  connectionCount: u32;
  sums: usize;
  source: usize;
  /** 0 without one. */
  bias: usize;
  activation: u32;

  /** xHat; 0 without Batch Normalization, as all that follows. */
  normalized: usize;
  gamma: usize;
  beta: usize;
  learnsGamma: u32;
  learnsBeta: u32;
  mean: usize;
  variance: usize;
  batchMean: usize;
  batchM2: usize;
  center: usize;
  centerLow: usize;
  scale: usize;
  controls: usize;
  /** Updates, weight, values per channel: what enters a state. */
  counters: usize;

  leak: f64;
}

/** A network. Before its fields lie vectors and the epilogues of products; behind them constants. */
@unmanaged
export class Net {
  layers: usize;
  layerCount: u32;
  input: usize;
  targets: usize;
  indices: usize;
  controls: usize;
  /** From a parameter to the optimizer's value for it, and from there to the next. */
  slot: usize;
  /** From a parameter to its gradient. */
  gradient: usize;
  optimizer: u32;
  loss: u32;
  /** The first is the number of steps that have learned. */
  counters: usize;
}

export const descent: u32 = 0;
export const withMomentum: u32 = 1;
export const adam: u32 = 2;

export const squaredError: u32 = 0;
export const crossEntropy: u32 = 1;

/** Ones where a batch's last vectors have samples. */
export const tailAt: usize = 0;
export const sumAt: usize = 16;
export const learnAt: usize = 32;
export const netAt: usize = 80;
export const constantsAt: usize = 256;

export function netOf(p: usize): Net {
  return changetype<Net>(p + netAt);
}

export function layerOf(p: usize, l: u32): Layer {
  return changetype<Layer>(netOf(p).layers + <usize>l * offsetof<Layer>());
}

export function connectionOf(layer: Layer, c: u32): Connection {
  return changetype<Connection>(layer.connections + <usize>c * offsetof<Connection>());
}

/** The controls, float64, of a pass: src/controls.ts names them. */
export function control(p: usize, field: usize): f64 {
  return load<f64>(netOf(p).controls + (field << 3));
}
export const rate: usize = 0;
export const momentum: usize = 1;
export const beta1: usize = 2;
export const beta2: usize = 3;
export const epsilon: usize = 4;
export const outcome: usize = 5;
export const tellsSquares: usize = 6;

export const done: f64 = 0;
export const refused: f64 = 1;
export const skipped: f64 = 2;
export const diverged: f64 = 3;
export const propagated: f64 = 4;

/** The controls of a layer. */
export function layerControl(layer: Layer, field: usize): f64 {
  return load<f64>(layer.controls + (field << 3));
}
export const layerEpsilon: usize = 0;
export const layerMomentum: usize = 1;
export const start: usize = 2;
export const frozen: usize = 3;
export const unbiased: usize = 4;
export const onNonFinite: usize = 5;
export const nonFinite: usize = 6;

export const firstBatch: f64 = 1;
export const debiased: f64 = 2;
export const cumulative: f64 = 3;

export const throws: f64 = 0;
export const skips: f64 = 1;
export const propagates: f64 = 2;

/** Whether a layer's batch normalizes it when the network trains. */
export function byBatch(layer: Layer): bool {
  return layer.normalized !== 0 && layerControl(layer, frozen) === 0;
}
