// A frame is what the passes over one tensor share beside the tensor: arrays of one value per channel,
// each with room for a multiple of four, in this order, and room for the columns behind them. The
// caller writes gamma and beta, and reads mean, m2 and the gradients. src/frame.ts is its other side.
//
//   float64: mean, spread (M2 or variance), gamma, beta, r, sums (dbeta), products (dgamma)
//   float32: center, scale, slope, shift
//   scratch: 28 bytes a column, 48 bytes a channel of strips

import { rowsTogether } from "./columns";

/** The bytes of a float64 array. */
function wide(channels: u32): usize {
  return (<usize>((channels + 3) & ~3)) << 3;
}

export function frameSize(channels: u32, inner: u32): usize {
  return stripSumsOf(0, channels, inner) + <usize>channels * 48;
}
export function meanOf(frame: usize): usize {
  return frame;
}
export function spreadOf(frame: usize, channels: u32): usize {
  return frame + wide(channels);
}
export function gammaOf(frame: usize, channels: u32): usize {
  return frame + 2 * wide(channels);
}
export function betaOf(frame: usize, channels: u32): usize {
  return frame + 3 * wide(channels);
}
export function rOf(frame: usize, channels: u32): usize {
  return frame + 4 * wide(channels);
}
export function sumsOf(frame: usize, channels: u32): usize {
  return frame + 5 * wide(channels);
}
export function productsOf(frame: usize, channels: u32): usize {
  return frame + 6 * wide(channels);
}
export function centerOf(frame: usize, channels: u32): usize {
  return frame + 7 * wide(channels);
}
export function scaleOf(frame: usize, channels: u32): usize {
  return centerOf(frame, channels) + wide(channels) / 2;
}
export function slopeOf(frame: usize, channels: u32): usize {
  return frame + 8 * wide(channels);
}
export function shiftOf(frame: usize, channels: u32): usize {
  return slopeOf(frame, channels) + wide(channels) / 2;
}
export function scratchOf(frame: usize, channels: u32): usize {
  return frame + 9 * wide(channels);
}
export function stripSumsOf(frame: usize, channels: u32, inner: u32): usize {
  const columns = rowsTogether(channels, inner) * channels * inner;
  return scratchOf(frame, channels) + <usize>columns * 28;
}
