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
import {
  addProduct,
  firstOf,
  narrowPair,
  pairOf,
  secondOf,
  storePair,
  sumOf,
  sumsOf,
  widePair,
} from "./vectors";

/**
 * Mean and M2 of every unit's row, and what normalizes by them; false where one is not finite.
 *
 * Differences to the first value are summed, then those to their mean: so the sums are small, and the
 * second one says how far the mean is off. That is kept beside it, and taken off the squares.
 *
 * Two units at a time: arrays of what there is per unit have room for a pair more. A lone last one is both,
 * and leaves 0 for the other, so that what a snapshot copies does not depend on what was there before.
 */
export function measure<T>(layer: Layer, count: u32, row: usize, tail: v128): bool {
  const zero = v128.splat<T>(0),
    ones = i64x2.splat(-1),
    each = f64x2.splat(1 / <f64>count),
    epsilon = f64x2.splat(layerControl(layer, layerEpsilon));
  const last = row - 16;
  const units = <usize>layer.units;
  let x = layer.source;
  let check = f64x2.splat(0);
  for (let unit: usize = 0; unit < units; unit += 2, x += 2 * row) {
    const y = unit + 1 < units ? x + row : x;
    const firstX = v128.load_splat<T>(x),
      firstY = v128.load_splat<T>(y);
    let sumX = zero,
      sumY = zero;
    for (let at: usize = 0; at < last; at += 16) {
      sumX = v128.add<T>(sumX, v128.sub<T>(v128.load(x + at), firstX));
      sumY = v128.add<T>(sumY, v128.sub<T>(v128.load(y + at), firstY));
    }
    sumX = v128.add<T>(sumX, v128.and(v128.sub<T>(v128.load(x + last), firstX), tail));
    sumY = v128.add<T>(sumY, v128.and(v128.sub<T>(v128.load(y + last), firstY), tail));
    const shift = widePair<T>(pairOf<T>(firstX, firstY)),
      off = f64x2.mul(widePair<T>(sumsOf<T>(sumX, sumY)), each);
    const center = narrowPair<T>(f64x2.add(shift, off));
    const centerX = firstOf<T>(center),
      centerY = secondOf<T>(center);
    let squaresX = zero,
      squaresY = zero;
    sumX = zero;
    sumY = zero;
    for (let at: usize = 0; at < last; at += 16) {
      const differenceX = v128.sub<T>(v128.load(x + at), centerX),
        differenceY = v128.sub<T>(v128.load(y + at), centerY);
      sumX = v128.add<T>(sumX, differenceX);
      sumY = v128.add<T>(sumY, differenceY);
      squaresX = addProduct<T>(squaresX, differenceX, differenceX);
      squaresY = addProduct<T>(squaresY, differenceY, differenceY);
    }
    const differenceX = v128.and(v128.sub<T>(v128.load(x + last), centerX), tail),
      differenceY = v128.and(v128.sub<T>(v128.load(y + last), centerY), tail);
    const rest = widePair<T>(
      sumsOf<T>(v128.add<T>(sumX, differenceX), v128.add<T>(sumY, differenceY)),
    );
    squaresX = addProduct<T>(squaresX, differenceX, differenceX);
    squaresY = addProduct<T>(squaresY, differenceY, differenceY);
    const low = f64x2.mul(rest, each);
    const squares = f64x2.sub(widePair<T>(sumsOf<T>(squaresX, squaresY)), f64x2.mul(low, rest));
    const m2 = f64x2.pmax(squares, f64x2.splat(0)),
      mean = f64x2.add(widePair<T>(center), low);
    // 0 · NaN and 0 · ∞ are NaN, which stays.
    check = f64x2.add(check, f64x2.mul(f64x2.add(mean, m2), f64x2.splat(0)));
    const both = i64x2.replace_lane(ones, 1, y === x ? 0 : -1);
    v128.store(layer.batchMean + (unit << 3), v128.and(mean, both));
    v128.store(layer.batchM2 + (unit << 3), v128.and(m2, both));
    const at = unit * sizeof<T>();
    storePair<T>(layer.center + at, center);
    storePair<T>(layer.centerLow + at, narrowPair<T>(low));
    storePair<T>(layer.scale + at, narrowPair<T>(inverseRoot(f64x2.mul(m2, each), epsilon)));
  }
  return sumOf<f64>(check) === 0;
}

/** `1/√(variance + epsilon)` */
function inverseRoot(variance: v128, epsilon: v128): v128 {
  return f64x2.div(f64x2.splat(1), f64x2.sqrt(f64x2.add(variance, epsilon)));
}

/** What normalizes by the running statistics. */
export function recall<T>(layer: Layer): void {
  const epsilon = f64x2.splat(layerControl(layer, layerEpsilon));
  const units = <usize>layer.units;
  for (let unit: usize = 0; unit < units; unit += 2) {
    const mean = v128.load(layer.mean + (unit << 3)),
      variance = v128.load(layer.variance + (unit << 3));
    const center = narrowPair<T>(mean);
    const at = unit * sizeof<T>();
    storePair<T>(layer.center + at, center);
    storePair<T>(layer.centerLow + at, narrowPair<T>(f64x2.sub(mean, widePair<T>(center))));
    storePair<T>(layer.scale + at, narrowPair<T>(inverseRoot(variance, epsilon)));
  }
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
