// Parameters along their gradients, vector by vector. Padding has gradients of 0, and stays 0.

import { rates, seconds } from "./rates";
import { adam, beta1, beta2, control, epsilon, netOf, withMomentum } from "./records";
import { addProduct } from "./vectors";

/** Moves the parameters from p on, `bytes` of whole vectors, by the optimizer. */
export function learn<T>(net: usize, p: usize, bytes: usize): void {
  const optimizer = netOf(net).optimizer;
  if (optimizer === adam) learnByAdam<T>(net, p, bytes);
  else if (optimizer === withMomentum) learnWithMomentum<T>(net, p, bytes);
  else {
    const gradient = netOf(net).gradient;
    const by = rates(net);
    for (const end = p + bytes; p < end; p += 16) {
      const change = v128.mul<T>(v128.load(p + gradient), by);
      v128.store(p, v128.sub<T>(v128.load(p), change));
    }
  }
}

function learnWithMomentum<T>(net: usize, p: usize, bytes: usize): void {
  const gradient = netOf(net).gradient,
    slot = netOf(net).slot;
  const by = rates(net);
  const kept = seconds(net);
  for (const end = p + bytes; p < end; p += 16) {
    const step = v128.mul<T>(v128.load(p + gradient), by);
    const change = v128.add<T>(v128.mul<T>(v128.load(p + slot), kept), step);
    v128.store(p + slot, change);
    v128.store(p, v128.sub<T>(v128.load(p), change));
  }
}

function learnByAdam<T>(net: usize, p: usize, bytes: usize): void {
  const gradient = netOf(net).gradient,
    slot = netOf(net).slot;
  const by = rates(net),
    grown = seconds(net),
    kept1 = v128.splat<T>(<T>control(net, beta1)),
    kept2 = v128.splat<T>(<T>control(net, beta2)),
    new1 = v128.splat<T>(<T>(1 - control(net, beta1))),
    new2 = v128.splat<T>(<T>(1 - control(net, beta2))),
    guard = v128.splat<T>(<T>control(net, epsilon));
  for (const end = p + bytes; p < end; p += 16) {
    const g = v128.load(p + gradient);
    const first = addProduct<T>(v128.mul<T>(kept1, v128.load(p + slot)), new1, g);
    const before = v128.mul<T>(kept2, v128.load(p + 2 * slot));
    const second = addProduct<T>(before, new2, v128.mul<T>(g, g));
    v128.store(p + slot, first);
    v128.store(p + 2 * slot, second);
    const root = v128.sqrt<T>(v128.mul<T>(second, grown));
    const change = v128.div<T>(v128.mul<T>(by, first), v128.add<T>(root, guard));
    v128.store(p, v128.sub<T>(v128.load(p), change));
  }
}

/** Sets the gradients of weights that do not exist to 0. */
export function maskGradients<T>(gradients: usize, mask: usize, bytes: usize): void {
  const zero = v128.splat<T>(0);
  for (const end = gradients + bytes; gradients < end; gradients += 16, mask += 16) {
    const exists = v128.ne<T>(v128.load(mask), zero);
    v128.store(gradients, v128.and(v128.load(gradients), exists));
  }
}
