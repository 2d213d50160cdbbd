// Statistics of the rows of a batch, and what they do to the running ones, which are float64.

import {
  cumulative,
  debiased,
  firstBatch,
  Layer,
  layerControl,
  layerEpsilon,
  layerMomentum,
  start,
  unbiased,
} from "./records";
import { addProduct, sumOf } from "./vectors";

/**
 * Mean and M2 of every unit's row, and what normalizes by them; false where one is not finite.
 *
 * Differences to the first value are summed, then those to their mean: so the sums are small, and the
 * second one says how far the mean is off. That is kept beside it, and taken off the squares.
 */
export function measure<T>(layer: Layer, count: u32, row: usize, tail: v128): bool {
  const each: f64 = 1 / <f64>count;
  let x = layer.source;
  let check: f64 = 0;
  for (let unit: usize = 0; unit < <usize>layer.units; unit++) {
    const last = x + row - 16;
    const shift = load<T>(x);
    let sum = v128.splat<T>(0);
    const first = v128.splat<T>(shift);
    for (let at = x; at < last; at += 16) {
      sum = v128.add<T>(sum, v128.sub<T>(v128.load(at), first));
    }
    sum = v128.add<T>(sum, v128.and(v128.sub<T>(v128.load(last), first), tail));
    const center = <T>(<f64>shift + <f64>sumOf<T>(sum) * each);
    const middle = v128.splat<T>(center);
    let squares = v128.splat<T>(0);
    sum = squares;
    for (let at = x; at < last; at += 16) {
      const difference = v128.sub<T>(v128.load(at), middle);
      sum = v128.add<T>(sum, difference);
      squares = addProduct<T>(squares, difference, difference);
    }
    const difference = v128.and(v128.sub<T>(v128.load(last), middle), tail);
    const rest = <f64>sumOf<T>(v128.add<T>(sum, difference));
    squares = addProduct<T>(squares, difference, difference);
    const low = rest * each;
    const m2 = max<f64>(0, <f64>sumOf<T>(squares) - low * rest);
    const mean = <f64>center + low;
    check += (mean + m2) * 0;
    store<f64>(layer.batchMean + (unit << 3), mean);
    store<f64>(layer.batchM2 + (unit << 3), m2);
    const at = unit * sizeof<T>();
    store<T>(layer.center + at, center);
    store<T>(layer.centerLow + at, <T>low);
    x += row;
  }
  scaleBy<T>(layer, layer.batchM2, each);
  return check === 0;
}

/**
 * `r = 1/√(spread · share + epsilon)` of every unit. Two at a time, as all that is float64 per unit: arrays
 * have room for a pair more.
 */
function scaleBy<T>(layer: Layer, spread: usize, share: f64): void {
  const inverse = f64x2.splat(share),
    epsilon = f64x2.splat(layerControl(layer, layerEpsilon)),
    one = f64x2.splat(1);
  let to = layer.scale;
  for (const end = spread + ((<usize>layer.units) << 3); spread < end; spread += 16) {
    const variance = f64x2.mul(v128.load(spread), inverse);
    const r = f64x2.div(one, f64x2.sqrt(f64x2.add(variance, epsilon)));
    if (sizeof<T>() === 8) v128.store(to, r);
    else v128.store64_lane(to, f32x4.demote_f64x2_zero(r), 0);
    to += 2 * sizeof<T>();
  }
}

/** What normalizes by the running statistics. */
export function recall<T>(layer: Layer): void {
  for (let unit: usize = 0; unit < <usize>layer.units; unit++) {
    const mean = load<f64>(layer.mean + (unit << 3));
    const at = unit * sizeof<T>();
    store<T>(layer.center + at, <T>mean);
    store<T>(layer.centerLow + at, <T>(mean - <f64>(<T>mean)));
  }
  scaleBy<T>(layer, layer.variance, 1);
}

/** Lets the batch enter the running statistics, as core's updateRunning does. */
export function enter(layer: Layer, count: u32): void {
  const kept = countBatch(layer, <f64>count);
  const degrees = layerControl(layer, unbiased) !== 0 ? count - 1 : count;
  const divisor = f64x2.splat(<f64>max<u32>(degrees, 1));
  const end = (<usize>layer.units) << 3;
  for (let at: usize = 0; at < end; at += 16) {
    blend(layer.mean + at, kept, v128.load(layer.batchMean + at));
    blend(layer.variance + at, kept, f64x2.div(v128.load(layer.batchM2 + at), divisor));
  }
}

/** Counts a batch; returns what it leaves of the running statistics, as core's nextWeights does. */
function countBatch(layer: Layer, count: f64): f64 {
  const at = layer.counters;
  const updates = load<f64>(at),
    weight = load<f64>(at, 8);
  const from = layerControl(layer, start);
  let decay = layerControl(layer, layerMomentum);
  if (from === cumulative) decay = updates / (updates + 1);
  else if (from === firstBatch && updates === 0) decay = 0;
  const next = decay * weight + (1 - decay);
  store<f64>(at, updates + 1);
  store<f64>(at, next, 8);
  store<f64>(at, updates === 0 || load<f64>(at, 16) === count ? count : 0, 16);
  return from === debiased ? (decay * weight) / next : decay;
}

/** Where nothing is kept, not even a NaN is. */
function blend(p: usize, kept: f64, batch: v128): void {
  if (kept !== 0) {
    const old = f64x2.mul(f64x2.splat(kept), v128.load(p));
    batch = f64x2.add(old, f64x2.mul(f64x2.splat(1 - kept), batch));
  }
  v128.store(p, batch);
}
