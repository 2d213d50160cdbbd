// Batch Normalization over a float32 tensor [outer, channels, inner], in passes. Pointers are byte
// offsets; `frame` is of frame.ts. Nothing is checked here.

import { gradientCoefficients, standardize } from "./coefficients";
import { columnPropagate, columnSums } from "./column-gradient";
import { columnMoments } from "./column-moments";
import { columnTransform } from "./column-transform";
import { gatherMoments, gatherSums, rowsTogether, spread } from "./columns";
import {
  betaOf,
  centerOf,
  gammaOf,
  meanOf,
  productsOf,
  rOf,
  scaleOf,
  scratchOf,
  shiftOf,
  slopeOf,
  spreadOf,
  stripSumsOf,
  sumsOf,
} from "./frame";
import { stripPropagate, stripSums } from "./strip-gradient";
import { stripMoments } from "./strip-moments";
import { stripTransform } from "./strip-transform";
import { varies } from "./varies";

export { frameSize } from "./frame";

/**
 * Mean and M2 = Σ(x − mean)² of every channel, into the frame's mean and spread.
 *
 * @param limit - Below this M2, squares of differences may be lost.
 * @returns whether float32 carried them.
 */
export function moments(
  x: usize,
  outer: u32,
  channels: u32,
  inner: u32,
  limit: f64,
  frame: usize,
): bool {
  measure(x, outer, channels, inner, frame);
  const m2 = spreadOf(frame, channels);
  let small = false;
  for (let c: u32 = 0; c < channels; c++) {
    const value = load<f64>(m2 + ((<usize>c) << 3));
    if (!(value < Infinity)) return false;
    if (value < limit) small = true;
  }
  return !small || !varies(x, outer, channels, inner, m2, limit);
}

function measure(x: usize, outer: u32, channels: u32, inner: u32, frame: usize): void {
  const mean = meanOf(frame);
  const m2 = spreadOf(frame, channels);
  const together = rowsTogether(channels, inner);
  const width = together * channels * inner;
  const rows = together ? outer / together : 0;
  if (rows && width === channels) {
    columnMoments(x, rows, width, mean, m2, scratchOf(frame, channels));
    return;
  }
  if (rows) {
    const columnMean = scratchOf(frame, channels);
    const columnM2 = columnMean + ((<usize>width) << 3);
    const columnSums = columnM2 + ((<usize>width) << 3);
    columnMoments(x, rows, width, columnMean, columnM2, columnSums);
    gatherMoments(columnMean, columnM2, rows, together, channels, inner, mean, m2);
  } else {
    memory.fill(mean, 0, (<usize>channels) << 3);
    memory.fill(m2, 0, (<usize>channels) << 3);
  }
  const whole = rows * together;
  x += (<usize>(rows * width)) << 2;
  const rest = outer - whole;
  stripMoments(
    x,
    rest,
    channels,
    inner,
    whole * inner,
    mean,
    m2,
    stripSumsOf(frame, channels, inner),
  );
}

/**
 * From the frame's mean, spread, gamma and beta: r, center, scale and shift.
 *
 * @param divisor - What makes a variance of the spread.
 * @returns whether float32 carries them.
 */
export function prepare(channels: u32, divisor: f64, epsilon: f64, frame: usize): bool {
  return standardize(
    channels,
    meanOf(frame),
    spreadOf(frame, channels),
    divisor,
    epsilon,
    gammaOf(frame, channels),
    betaOf(frame, channels),
    rOf(frame, channels),
    centerOf(frame, channels),
    scaleOf(frame, channels),
    shiftOf(frame, channels),
  );
}

/** `y = (x − center) · scale + shift`; y may be x. */
export function transform(
  x: usize,
  y: usize,
  outer: u32,
  channels: u32,
  inner: u32,
  frame: usize,
): void {
  const center = centerOf(frame, channels);
  const scale = scaleOf(frame, channels);
  const shift = shiftOf(frame, channels);
  const together = rowsTogether(channels, inner);
  const width = together * channels * inner;
  const rows = together ? outer / together : 0;
  if (rows) {
    let c = center,
      k = scale,
      b = shift;
    if (width !== channels) {
      const scratch = scratchOf(frame, channels);
      const size = (<usize>width) << 2;
      c = spread(center, scratch, together, channels, inner);
      k = spread(scale, scratch + size, together, channels, inner);
      b = spread(shift, scratch + 2 * size, together, channels, inner);
    }
    columnTransform(x, y, rows, width, c, k, b);
  }
  const done = (<usize>(rows * width)) << 2;
  const rest = outer - rows * together;
  stripTransform(x + done, y + done, rest, channels, inner, center, scale, shift);
}

/** `sums = Σ dy` and `products = Σ dy · (x − center)` of every channel. */
export function sum(
  dy: usize,
  x: usize,
  outer: u32,
  channels: u32,
  inner: u32,
  frame: usize,
): void {
  const center = centerOf(frame, channels);
  const sums = sumsOf(frame, channels);
  const products = productsOf(frame, channels);
  const together = rowsTogether(channels, inner);
  const width = together * channels * inner;
  const rows = together ? outer / together : 0;
  if (rows && width === channels) {
    columnSums(dy, x, rows, width, center, sums, products, scratchOf(frame, channels));
    return;
  }
  if (rows) {
    const columnSum = scratchOf(frame, channels);
    const columnProduct = columnSum + ((<usize>width) << 3);
    const partial = columnProduct + ((<usize>width) << 3);
    const c = spread(center, partial + ((<usize>width) << 3), together, channels, inner);
    columnSums(dy, x, rows, width, c, columnSum, columnProduct, partial);
    gatherSums(columnSum, together, channels, inner, sums);
    gatherSums(columnProduct, together, channels, inner, products);
  } else {
    memory.fill(sums, 0, (<usize>channels) << 3);
    memory.fill(products, 0, (<usize>channels) << 3);
  }
  const done = (<usize>(rows * width)) << 2;
  const rest = outer - rows * together;
  stripSums(dy + done, x + done, rest, channels, inner, center, sums, products);
}

/**
 * From the frame's sums: dgamma in place of the products, slope and the shift of {@link propagate}.
 *
 * @returns whether float32 carries them.
 */
export function prepareGradient(channels: u32, m: f64, frame: usize): bool {
  return gradientCoefficients(
    channels,
    m,
    meanOf(frame),
    gammaOf(frame, channels),
    rOf(frame, channels),
    centerOf(frame, channels),
    sumsOf(frame, channels),
    productsOf(frame, channels),
    slopeOf(frame, channels),
    shiftOf(frame, channels),
  );
}

/** `dx = dy · scale + ((x − center) · slope + shift)`; dx may be dy or x. */
export function propagate(
  dy: usize,
  x: usize,
  dx: usize,
  outer: u32,
  channels: u32,
  inner: u32,
  frame: usize,
): void {
  const center = centerOf(frame, channels);
  const scale = scaleOf(frame, channels);
  const slope = slopeOf(frame, channels);
  const shift = shiftOf(frame, channels);
  const together = rowsTogether(channels, inner);
  const width = together * channels * inner;
  const rows = together ? outer / together : 0;
  if (rows) {
    let c = center,
      k = scale,
      b = slope,
      d = shift;
    if (width !== channels) {
      const scratch = scratchOf(frame, channels);
      const size = (<usize>width) << 2;
      c = spread(center, scratch, together, channels, inner);
      k = spread(scale, scratch + size, together, channels, inner);
      b = spread(slope, scratch + 2 * size, together, channels, inner);
      d = spread(shift, scratch + 3 * size, together, channels, inner);
    }
    columnPropagate(dy, x, dx, rows, width, c, k, b, d);
  }
  const done = (<usize>(rows * width)) << 2;
  const rest = outer - rows * together;
  stripPropagate(
    dy + done,
    x + done,
    dx + done,
    rest,
    channels,
    inner,
    center,
    scale,
    slope,
    shift,
  );
}

/** `dx = dy · scale`, a frozen layer's; dx may be dy. */
export function scale(
  dy: usize,
  dx: usize,
  outer: u32,
  channels: u32,
  inner: u32,
  frame: usize,
): void {
  const size = (<usize>channels) << 2;
  memory.fill(centerOf(frame, channels), 0, size);
  memory.fill(shiftOf(frame, channels), 0, size);
  transform(dy, dx, outer, channels, inner, frame);
}
