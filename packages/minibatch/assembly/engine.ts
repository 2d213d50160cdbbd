// The mini-batch engine: a whole training step in one call, or as many as a course says. Everything lies in
// the memory that it is given, as src/plan.ts says; nothing is checked here.

import { backward } from "./backward";
import { begin, Course, goesOn, orderAt, startOf } from "./course";
import { forward } from "./forward";
import { gather } from "./gather";
import { prepareConstants } from "./logistic";
import { lossOf } from "./losses";
import { prepareRates } from "./rates";
import { crossEntropy, Layer, layerOf, netOf, refused } from "./records";
import { enterAll, setOutcome } from "./running";
import { clearPadding, rowOf, tailOf } from "./vectors";

export function prepare32(net: usize): void {
  prepareConstants<f32>(net);
}
export function prepare64(net: usize): void {
  prepareConstants<f64>(net);
}

/** One training step on samples of a data set; returns the mean loss, before the update. */
export function step32(net: usize, x: usize, y: usize, count: u32): f64 {
  return step<f32>(net, x, y, netOf(net).indices, count);
}
export function step64(net: usize, x: usize, y: usize, count: u32): f64 {
  return step<f64>(net, x, y, netOf(net).indices, count);
}

/** Steps along a course; returns the loss of the last one, which ended it early if it is not finite. */
export function run32(net: usize, x: usize, y: usize, course: Course): f64 {
  return run<f32>(net, x, y, course);
}
export function run64(net: usize, x: usize, y: usize, course: Course): f64 {
  return run<f64>(net, x, y, course);
}

/** Forward by the running statistics. */
export function infer32(net: usize, count: u32, stop: u32): void {
  forward<f32>(net, count, false, false, stop);
}
export function infer64(net: usize, count: u32, stop: u32): void {
  forward<f64>(net, count, false, false, stop);
}

/** Forward and backward, and no update; returns the mean loss, NaN of upstream gradients. */
export function differentiate32(net: usize, count: u32, upstream: bool): f64 {
  return differentiate<f32>(net, count, upstream);
}
export function differentiate64(net: usize, count: u32, upstream: bool): f64 {
  return differentiate<f64>(net, count, upstream);
}

function run<T>(net: usize, x: usize, y: usize, course: Course): f64 {
  const order = changetype<usize>(course) + orderAt;
  let loss: f64,
    count: u32,
    next: u32 = 0;
  do {
    // To divide for where a batch begins costs as much as a layer's small product.
    const from = course.batch && next ? next : begin(course);
    next = startOf(course, course.batch + 1);
    count = next - from;
    loss = step<T>(net, x, y, order + ((<usize>from) << 2), count);
  } while (loss - loss === 0 && goesOn(course, loss * <f64>count));
  return loss;
}

function step<T>(net: usize, x: usize, y: usize, indices: usize, count: u32): f64 {
  gather<T>(net, x, y, indices, count);
  if (!forward<T>(net, count, true, true, 0)) {
    setOutcome(net, refused);
    return NaN;
  }
  const loss = meanLoss<T>(net, count);
  const finite = loss - loss === 0;
  enterAll(net, count, finite);
  if (!finite) return loss;
  prepareRates<T>(net);
  backward<T>(net, count, netOf(net).loss === crossEntropy, true);
  const counter = netOf(net).counters;
  store<f64>(counter, load<f64>(counter) + 1);
  return loss;
}

function differentiate<T>(net: usize, count: u32, upstream: bool): f64 {
  forward<T>(net, count, true, false, 0);
  if (upstream) {
    const gradient = lastOf(net).gradient,
      units = lastOf(net).units;
    clearPadding(gradient, rowOf<T>(count), units, tailOf<T>(count));
    backward<T>(net, count, false, false);
    return NaN;
  }
  const loss = meanLoss<T>(net, count);
  backward<T>(net, count, netOf(net).loss === crossEntropy, false);
  return loss;
}

function lastOf(net: usize): Layer {
  return layerOf(net, netOf(net).layerCount - 1);
}

function meanLoss<T>(net: usize, count: u32): f64 {
  return lossOf<T>(net, lastOf(net), count, rowOf<T>(count), tailOf<T>(count));
}
