import { nextWeights } from "@batchnorm/core";
import { layerControls, starts } from "../controls.ts";
import type { PlannedBatchNorm } from "../plan.ts";

/** A value's or a number's place in the array. */
const at = (offset: number): number => offset / 8;

/**
 * Mean and M2 of every unit's row, in two passes as core's computeMoments; false where one is not finite.
 */
export function measure(
  v: Float64Array,
  norm: PlannedBatchNorm,
  source: number,
  units: number,
  count: number,
): boolean {
  const [mean, m2] = [at(norm.batchMean), at(norm.batchM2)];
  const [center, low] = [at(norm.center), at(norm.centerLow)];
  let finite = true;
  for (let unit = 0, row = at(source); unit < units; unit++, row += count) {
    const end = row + count;
    const shift = v[row] as number;
    let sum = 0;
    for (let i = row; i < end; i++) sum += (v[i] as number) - shift;
    const high = shift + sum / count;
    let rest = 0;
    let squares = 0;
    for (let i = row; i < end; i++) {
      const difference = (v[i] as number) - high;
      rest += difference;
      squares += difference * difference;
    }
    const correction = rest / count;
    const spread = Math.max(0, squares - correction * rest);
    v[center + unit] = high;
    v[low + unit] = correction;
    v[mean + unit] = high + correction;
    v[m2 + unit] = spread;
    finite &&= Number.isFinite(high + correction) && Number.isFinite(spread);
  }
  return finite;
}

/** What normalizes: of the batch's moments, or of the running statistics. */
export function prepare(
  v: Float64Array,
  norm: PlannedBatchNorm,
  units: number,
  count: number,
  byBatch: boolean,
): void {
  const epsilon = v[at(norm.controls) + layerControls.epsilon] as number;
  const [scale, center, low] = [at(norm.scale), at(norm.center), at(norm.centerLow)];
  for (let unit = 0; unit < units; unit++) {
    let variance = v[at(norm.variance) + unit] as number;
    if (byBatch) {
      variance = (v[at(norm.batchM2) + unit] as number) / count;
    } else {
      v[center + unit] = v[at(norm.mean) + unit] as number;
      v[low + unit] = 0;
    }
    v[scale + unit] = 1 / Math.sqrt(variance + epsilon);
  }
}

/** xHat, and `y = gamma · xHat + beta`, once prepared. */
export function normalize(
  v: Float64Array,
  norm: PlannedBatchNorm,
  source: number,
  y: number,
  units: number,
  count: number,
): void {
  for (let unit = 0; unit < units; unit++) {
    const x = at(source) + unit * count;
    const to = at(y) + unit * count;
    const hat = at(norm.normalized) + unit * count;
    const center = v[at(norm.center) + unit] as number;
    const low = v[at(norm.centerLow) + unit] as number;
    const scale = v[at(norm.scale) + unit] as number;
    const gamma = v[at(norm.gamma) + unit] as number;
    const beta = v[at(norm.beta) + unit] as number;
    for (let i = 0; i < count; i++) {
      const value = ((v[x + i] as number) - center - low) * scale;
      v[hat + i] = value;
      v[to + i] = value * gamma + beta;
    }
  }
}

/**
 * Lets the batch enter the running statistics, as core's updateRunning does, and counts it.
 *
 * @param counters - The layer's.
 */
export function enter(
  v: Float64Array,
  norm: PlannedBatchNorm,
  counters: number,
  units: number,
  count: number,
): void {
  const control = at(norm.controls);
  const keep = countBatch(v, at(counters), control, count);
  const unbiased = v[control + layerControls.unbiased] === 1;
  const divisor = Math.max(unbiased ? count - 1 : count, 1);
  for (let unit = 0; unit < units; unit++) {
    const mean = v[at(norm.batchMean) + unit] as number;
    const variance = (v[at(norm.batchM2) + unit] as number) / divisor;
    blend(v, at(norm.mean) + unit, keep, mean);
    blend(v, at(norm.variance) + unit, keep, variance);
  }
}

/** What the batch leaves of the running statistics. */
function countBatch(v: Float64Array, counters: number, control: number, count: number): number {
  const [updates, weight] = [v[counters] as number, v[counters + 1] as number];
  const start = starts[v[control + layerControls.start] as number] as (typeof starts)[number];
  const momentum = v[control + layerControls.momentum] as number;
  const rule = start === "cumulative" ? { momentum: start, start: starts[0] } : { momentum, start };
  const next = nextWeights({ updates, weight }, rule);
  const same = updates === 0 || v[counters + 2] === count;
  v[counters] = updates + 1;
  v[counters + 1] = next.weight;
  v[counters + 2] = same ? count : 0;
  return next.keep;
}

/** Where nothing is kept, not even a NaN is. */
function blend(v: Float64Array, i: number, keep: number, batch: number): void {
  v[i] = keep === 0 ? batch : keep * (v[i] as number) + (1 - keep) * batch;
}

/** Turns dy, in place, into dx; gradients of gamma and beta go where they belong. */
export function propagate(
  v: Float64Array,
  norm: PlannedBatchNorm,
  gradient: number,
  dgamma: number,
  dbeta: number,
  units: number,
  count: number,
  byBatch: boolean,
): void {
  for (let unit = 0; unit < units; unit++) {
    const g = at(gradient) + unit * count;
    const hat = at(norm.normalized) + unit * count;
    let sum = 0;
    let products = 0;
    for (let i = 0; i < count; i++) {
      const dy = v[g + i] as number;
      sum += dy;
      products += dy * (v[hat + i] as number);
    }
    v[at(dbeta) + unit] = sum;
    v[at(dgamma) + unit] = products;
    const factor = (v[at(norm.gamma) + unit] as number) * (v[at(norm.scale) + unit] as number);
    const mean = byBatch ? sum / count : 0;
    const tilt = byBatch ? products / count : 0;
    for (let i = 0; i < count; i++) {
      const dy = v[g + i] as number;
      v[g + i] = factor * (dy - mean - (v[hat + i] as number) * tilt);
    }
  }
}
