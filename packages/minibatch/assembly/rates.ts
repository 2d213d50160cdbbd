// What the parameters of a step move by, as vectors that lie behind the epilogue Learn.

import {
  adam,
  beta1,
  beta2,
  control,
  learnAt,
  momentum,
  netOf,
  rate,
  withMomentum,
} from "./records";

/** Takes the rate of the next step from the controls; Adam's is corrected for moments that began at 0. */
export function prepareRates<T>(net: usize): void {
  const optimizer = netOf(net).optimizer,
    slot = netOf(net).slot;
  let first = control(net, rate),
    second = control(net, momentum);
  if (optimizer === adam) {
    const steps = <u64>load<f64>(netOf(net).counters) + 1;
    first /= 1 - power(control(net, beta1), steps);
    second = 1 / (1 - power(control(net, beta2), steps));
  }
  store<usize>(net + learnAt, optimizer === withMomentum ? slot : 0);
  v128.store(net + learnAt, v128.splat<T>(<T>first), 16);
  v128.store(net + learnAt, v128.splat<T>(<T>second), 32);
}

export function rates(net: usize): v128 {
  return v128.load(net + learnAt, 16);
}

/** The momentum; of Adam `1 / (1 − beta2ᵗ)`. */
export function seconds(net: usize): v128 {
  return v128.load(net + learnAt, 32);
}

/** By squares: exact for small exponents, within a few roundings for those that matter. */
function power(base: f64, exponent: u64): f64 {
  let result: f64 = 1;
  for (; exponent; exponent >>= 1, base *= base) if (exponent & 1) result *= base;
  return result;
}
